#![doc = include_str!("../README.md")]

pub mod allocations;
pub mod cores;
pub mod crypto;
pub mod hit;
pub mod instructions;
pub mod pace;
pub mod picture;
pub mod report;
pub mod results;
pub mod storms;
pub mod stub;
pub mod subjects;
pub mod tenants;
pub mod weight;
