//! The simulation: engines and nodes, the code that ships, with disks, a network and a database that fail, on
//! virtual time, all from one seed.

pub mod actions;
mod callers;
pub mod checks;
pub mod client;
pub mod clock;
pub mod database;
pub mod disk;
mod draw;
pub mod faults;
pub mod happened;
pub mod intruder;
pub mod journal;
mod lists;
mod negotiations;
pub mod network;
pub mod node;
mod pipe;
pub mod plant;
mod rest;
mod restored;
pub mod run;
mod scenes;
pub mod shown;
pub mod shrink;
mod squashes;
pub mod store;
pub mod trace;
mod words;
pub mod world;
