//! Everything over plain HTTP: the interface for other services (`v1`), health, the development token, the demo.

pub mod demo;
pub mod dev_token;
pub mod health;
pub mod v1;
