#!/usr/bin/env bash
# Packs every crate as a registry gets it, and builds a project that uses the packages alone, in an empty folder. Ten
# minutes of processor time.
set -euo pipefail
cd "$(dirname "$0")/../.."

example=$PWD/data/examples/butterfly.png
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo package --workspace --exclude xtask --no-verify --allow-dirty --quiet
mkdir -p "$work/app/src" "$work/.cargo"
lock=$PWD/Cargo.lock
for crate in "${CARGO_TARGET_DIR:-target}"/package/dabnet*.crate; do
    tar xzf "$crate" -C "$work"
done
{
    echo "[patch.crates-io]"
    for folder in "$work"/dabnet*/; do
        name=$(basename "${folder%-*}")
        # A program is nobody's dependency.
        [ "$name" = dabnet-cli ] || echo "$name = { path = \"$folder\" }"
    done
} >"$work/.cargo/config.toml"

cat >"$work/app/Cargo.toml" <<'END'
[package]
name = "app"
version = "0.1.0"
edition = "2024"

[dependencies]
dabnet = "0.1"

[workspace]
END
cat >"$work/app/src/main.rs" <<'END'
use dabnet::{RecognizeError, Recognizer, models};

fn main() -> Result<(), RecognizeError> {
    let mut recognizer = Recognizer::new(models::quickdraw_20());
    for path in std::env::args().skip(1) {
        let guesses = &recognizer.recognize_file(&path, 3)?[0];
        let text: Vec<String> = guesses.iter().map(|(label, p)| format!("{label} {:.1} %", 100.0 * p)).collect();
        println!("{path}: {}", text.join(", "));
    }
    Ok(())
}
END

export CARGO_TARGET_DIR=$work/target
cp "$lock" "$work/app"
(cd "$work/app" && cargo run --quiet --release -- "$example") | tee "$work/library"
(cd "$work"/dabnet-cli-* && cargo run --quiet --release -- recognize --model quickdraw-20 "$example") | tee "$work/program"
cmp "$work/library" "$work/program"
echo "The packages build by themselves, and library and program say the same."
