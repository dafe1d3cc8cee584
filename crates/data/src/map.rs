use std::fs::File;
use std::io;

use memmap2::Mmap;

/// Maps a file into memory, which the system reads as it is needed and drops as memory is.
#[allow(unsafe_code)]
pub(crate) fn map_file(file: &File) -> io::Result<Mmap> {
    // SAFETY: nothing in this library writes to a file in place: shards are written under another name
    // and renamed. Another program that changes one under a running process breaks that process, as it
    // would any program that maps its files.
    unsafe { Mmap::map(file) }
}
