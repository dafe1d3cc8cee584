//! A page that recognizes what is drawn on it, with the engine for browsers in `dabnet/`: names and bytes of its files.
//!
//! ```
//! assert!(dabnet_web::FILES.iter().any(|(name, _)| *name == "index.html"));
//! ```
#![no_std]
#![forbid(unsafe_code)]

/// Every file by its path relative to the page.
pub static FILES: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Files of the page that finds icons, which it needs beside some of [`FILES`].
pub static ICON_FILES: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/icons.rs"));
