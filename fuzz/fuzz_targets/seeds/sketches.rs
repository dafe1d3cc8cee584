//! Seeds for the readers of sketches, made of the examples in `data/`.

use std::{
    error::Error,
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

use dabnet_fuzz::{Parts, common::Random, written_archive};
use dabnet_graph::Canvas;
use dabnet_data::DatasetImport;
use dabnet_sketch::{Drawing, rasterize, read_file};
use image::{DynamicImage, ImageFormat, imageops::FilterType};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A small SVG of what the examples do not have.
const SVG: &str = r##"<!DOCTYPE svg [<!ENTITY w "2">]><svg xmlns="http://www.w3.org/2000/svg"
xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9"><style>.a{stroke:red}</style><defs>
<linearGradient id="g"><stop offset="1" stop-color="#123"/></linearGradient><g id="s"><circle r="2"/></g>
<pattern id="p" width="1" height="1"><rect width="1" height="1"/></pattern></defs><g stroke="url(#g)"
transform="rotate(9) matrix(1 0 .5 1 2 3)"><use xlink:href="#s" x="1" stroke-width="&w;"/></g><path class="a"
fill="url(#p)" d="M1 1q2 2 3 0t1 1A3 2 9 0 1 7 7z"/><polyline stroke="#000" points="1,2 3,4"/>
<svg x="50%"><line class="a" x2="2em"/></svg><switch><text stroke="red">a</text></switch></svg>"##;

/// Writes all of them below a folder.
pub fn write(corpus: &Path) -> Outcome<()> {
    let put = |target: &str, name: &str, bytes: &[u8]| {
        fs::create_dir_all(corpus.join(target))?;
        fs::write(corpus.join(target).join(name), bytes)
    };
    let png = pictures(|name, bytes| put("picture", name, bytes))?;
    for name in ["airplane.svg", "alarm-clock.svg"] {
        put("svg", name, &fs::read(example(name))?)?;
    }
    put("svg", "features.svg", SVG.as_bytes())?;
    let lines = fs::read(example("quickdraw.ndjson"))?;
    put("ndjson", "simplified.ndjson", &lines)?;
    let raw = br#"{"word":"cat","key_id":12,"drawing":[[[1.5,2,-3e3],[4,5,6],[0,16,32]],[[7],[8],[99]]]}"#;
    put("ndjson", "raw.ndjson", raw)?;
    let drawings = read_file(example("quickdraw.ndjson"))?.map(|sketch| Ok(sketch?.drawing));
    let drawings = drawings.collect::<Outcome<Vec<Drawing>>>()?;
    let binary: Vec<u8> = drawings.iter().flat_map(binary).collect();
    put("binary", "drawings.bin", &binary)?;
    let bitmaps = |side| drawings.iter().take(2).flat_map(move |drawing| rasterize(drawing, &canvas(side)));
    let bitmaps = |side| bitmaps(side).collect::<Vec<u8>>();
    put("npy", "square.npy", &npy("(2, 256)", &bitmaps(16)))?;
    put("npy", "oblong.npy", &npy("(2, 8, 8)", &bitmaps(8)))?;
    let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 9], &bitmaps(9)[..]].concat();
    let labels = [0, 0, 8, 1, 0, 0, 0, 2, 7, 3];
    let framed = |labels: &[u8]| [&(images.len() as u16).to_le_bytes(), &images[..], labels].concat();
    put("idx", "labelled", &framed(&labels))?;
    put("idx", "alone", &framed(&[]))?;
    let cifar: Vec<u8> = (0..3073_u32).map(|at| (at * at / 7) as u8).collect();
    put("cifar", "picture", &cifar)?;
    let members = [
        ("a/train/cat/1.png", &png[..]),
        ("a/test/cat/2.svg", SVG.as_bytes()),
        ("a/q/cat.npy", &npy("(2, 8, 8)", &bitmaps(8))),
        ("a/q/train-images-idx3-ubyte", &images),
        ("a/q/train-labels-idx1-ubyte", &labels),
        ("read me.txt", b"no sketch"),
    ];
    let members = members.map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
    put("archive", "folders.zip", &written_archive(&members, &mut Random(1)).ok_or("no archive")?)?;
    let small = [("q/quickdraw.ndjson".to_owned(), lines)];
    put("archive", "one.zip", &written_archive(&small, &mut Random(2)).ok_or("no archive")?)?;
    data_sets(&corpus.join("archive"), |name, bytes| put("dataset", name, bytes))
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/examples").join(name)
}

fn canvas(side: usize) -> Canvas {
    Canvas { side, line_width: 0.05, margin: 0.03, mean: 0.0, std: 1.0 }
}

/// One picture in every format that can be written; gives it as PNG.
fn pictures(put: impl Fn(&str, &[u8]) -> std::io::Result<()>) -> Outcome<Vec<u8>> {
    let butterfly = image::open(example("butterfly.png"))?.resize_exact(24, 20, FilterType::Triangle);
    let encoded = |picture: DynamicImage, format: ImageFormat| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).map(|()| bytes.into_inner())
    };
    let png = encoded(butterfly.to_luma8().into(), ImageFormat::Png)?;
    put("grey.png", &png)?;
    put("deep.png", &encoded(butterfly.to_rgba16().into(), ImageFormat::Png)?)?;
    put("colour.jpg", &encoded(butterfly.to_rgb8().into(), ImageFormat::Jpeg)?)?;
    put("grey.jpg", &encoded(butterfly.to_luma8().into(), ImageFormat::Jpeg)?)?;
    put("lossless.webp", &encoded(butterfly.to_rgba8().into(), ImageFormat::WebP)?)?;
    Ok(png)
}

/// A drawing as Quick, Draw! keeps it.
fn binary(drawing: &Drawing) -> Vec<u8> {
    let strokes = drawing.to_strokes();
    let mut bytes = b"\x01\x02\x03\x04\x05\x06\x07\x08DE\x01".to_vec();
    bytes.extend(1_490_000_000_u32.to_le_bytes());
    bytes.extend((strokes.len() as u16).to_le_bytes());
    for stroke in &*strokes {
        bytes.extend((stroke.points.len() as u16).to_le_bytes());
        (0..2).for_each(|axis| bytes.extend(stroke.points.iter().map(|point| point[axis] as u8)));
    }
    bytes
}

fn npy(shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

/// What each of the archives becomes.
fn data_sets(archives: &Path, put: impl Fn(&str, &[u8]) -> std::io::Result<()>) -> Outcome<()> {
    for name in ["folders", "one"] {
        let folder = tempfile::tempdir()?;
        let sources = vec![archives.join(name).with_extension("zip")];
        DatasetImport::default().with_sources(sources).run(folder.path(), |_, _| ())?;
        let read = |name: &str| fs::read(folder.path().join(name));
        let split =
            br#"{"given":true,"validation":{"fraction":0.5},"test":{"count":0},"folds":null,"seed":3}"#;
        let parts =
            Parts { manifest: read("manifest.json")?, split: split.to_vec(), shard: read("00000.shard")? };
        put(name, &parts.written())?;
    }
    Ok(())
}
