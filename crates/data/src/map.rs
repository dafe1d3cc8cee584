use std::fs::File;
use std::io;
use std::ops::Deref;

use memmap2::Mmap;

/// The bytes of a file, which the system reads as they are needed and drops as memory is.
pub(super) struct Map(Mmap);

impl Map {
    #[allow(unsafe_code)]
    pub(crate) fn new(file: &File) -> io::Result<Self> {
        // SAFETY: nothing in this library writes to a file in place: shards are written under another name
        // and renamed. Another program that changes one under a running process breaks that process, as it
        // would any program that maps its files.
        unsafe { Mmap::map(file) }.map(Self)
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
