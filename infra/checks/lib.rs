//! Tests that hold Bicep, the deployment script and the workflows against the code.
