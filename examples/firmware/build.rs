//! Compiles the model to an image, and says where flash and memory are.
use std::{env, error::Error, fs, path::PathBuf};

use dabnet_engine::{FirmwareImage, PackedModel};

/// A kilobyte of these machines' documentation.
const KIB: usize = 1 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-env-changed=MODEL");
    println!("cargo::rerun-if-env-changed=RAM");
    let model = env::var("MODEL").unwrap_or("../../models/quickdraw-20".to_owned());
    println!("cargo::rerun-if-changed={model}");
    let image = FirmwareImage::new(&PackedModel::load(model)?)?;
    fs::write(out.join("model.bin"), image.bytes())?;
    let flash = (image.bytes().len() / KIB + 64) * KIB;
    let ram = env::var("RAM").map_or(Ok(64), |ram| ram.parse::<usize>())? * KIB;
    let arm = env::var("CARGO_CFG_TARGET_ARCH")? == "arm";
    // Nothing lies below either machine's memory, so that a stack that is too large is noticed.
    let (flash_at, ram_at) = if arm { (0, 0x2000_0000) } else { (0x8040_0000_usize, 0x8000_0000_usize) };
    let mut memory = format!(
        "MEMORY {{\n FLASH : ORIGIN = {flash_at:#x}, LENGTH = {flash}\n RAM : ORIGIN = {ram_at:#x}, LENGTH = {ram}\n}}\n"
    );
    if !arm {
        for (section, region) in [
            ("TEXT", "FLASH"),
            ("RODATA", "FLASH"),
            ("DATA", "RAM"),
            ("BSS", "RAM"),
            ("HEAP", "RAM"),
            ("STACK", "RAM"),
        ] {
            memory += &format!("REGION_ALIAS(\"REGION_{section}\", {region});\n");
        }
        println!("cargo::rustc-link-arg=-Tmemory.x");
    }
    fs::write(out.join("memory.x"), memory)?;
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg=-Tlink.x");
    Ok(())
}
