//! Infrastructure and deployment agree with the code, and with the tools that will read them.
