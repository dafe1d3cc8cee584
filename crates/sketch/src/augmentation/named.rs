use super::Augmentation;

impl Augmentation {
    /// What [`Augmentation::named`] knows: no change, each change alone, and then two mixtures.
    pub const NAMES: [&'static str; 16] = [
        "none", "flip", "rotation", "stretch", "shear", "warp", "drift", "drop", "remove", "partial", "bend",
        "zoom", "crop", "line", "light", "strong",
    ];

    /// Each change alone, as strong as it takes to see it on one sketch, and the mixtures
    /// [`none`](Self::none), [`light`](Self::light) and [`strong`](Self::strong), by the names of
    /// their fields and functions. Nothing where the name is another.
    pub fn named(name: &str) -> Option<Self> {
        let none = Self::none();
        Some(match name {
            "none" => none,
            "flip" => Self { flip: 1.0, ..none },
            "rotation" => Self { rotation: 0.4, ..none },
            "stretch" => Self { stretch: 0.5, ..none },
            "shear" => Self { shear: 0.35, ..none },
            "warp" => Self { warp: 0.06, ..none },
            "drift" => Self { drift: 0.03, ..none },
            "drop" => Self { drop: 1.0, ..none },
            "remove" => Self { remove: 0.5, ..none },
            "partial" => Self { partial: 0.5, ..none },
            "bend" => Self { bend: 0.06, ..none },
            "zoom" => Self { zoom: 0.5, ..none },
            "crop" => Self { crop: 0.5, ..none },
            "line" => Self { line: 0.7, ..none },
            "light" => Self::light(),
            "strong" => Self::strong(),
            _ => return None,
        })
    }

    /// All changes together, each moderate: a person still recognises nearly every sketch, but has
    /// to look at some.
    pub fn strong() -> Self {
        Self {
            flip: 0.5,
            rotation: 0.2,
            stretch: 0.25,
            shear: 0.12,
            warp: 0.02,
            drift: 0.01,
            drop: 0.1,
            remove: 0.2,
            partial: 0.15,
            bend: 0.025,
            zoom: 0.75,
            crop: 0.2,
            line: 0.3,
        }
    }
}
