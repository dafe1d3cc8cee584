/// Some of a value's channels: those of one group of a convolution, or all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelSlice {
    /// Channels of the whole value.
    pub(crate) all: usize,
    pub(crate) first: usize,
    pub(crate) count: usize,
}

impl ChannelSlice {
    pub(crate) const fn all(channels: usize) -> Self {
        Self { all: channels, first: 0, count: channels }
    }

    pub(crate) const fn is_all(&self) -> bool {
        self.count == self.all
    }
}
