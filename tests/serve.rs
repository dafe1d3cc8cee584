//! `dabnet serve` and `dabnet page`.
