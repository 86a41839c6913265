//! What the tests beside it need to hold Bicep, the deployment script and the workflows against the code and against the
//! tools that will read them.

pub mod az;
pub mod python;
