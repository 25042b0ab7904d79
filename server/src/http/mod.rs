//! Everything over plain HTTP: health, the development token, the demo.

pub mod demo;
pub mod dev_token;
pub mod health;
