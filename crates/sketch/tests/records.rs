//! Files of many sketches: Quick, Draw!'s binary form and bitmaps, IDX and CIFAR.

use std::fs;
use std::path::Path;

use crate::common::bundled;
use dabnet_sketch::{Drawing, Sketch, SketchError, Stroke, read_bytes, read_file};
use proptest::prelude::*;

fn all(name: &str, bytes: &[u8]) -> Vec<Result<Sketch, SketchError>> {
    read_bytes(name, bytes).unwrap().collect()
}

fn strokes(sketch: &Sketch) -> &[Stroke] {
    let Drawing::Strokes(strokes) = &sketch.drawing else { panic!("strokes") };
    strokes
}

/// A sketch of whole coordinates up to 255 as Google writes it.
fn binary(key: u64, strokes: &[Stroke]) -> Vec<u8> {
    let mut bytes = key.to_le_bytes().to_vec();
    bytes.extend(*b"DE\x01");
    bytes.extend(1_490_000_000_u32.to_le_bytes());
    bytes.extend((strokes.len() as u16).to_le_bytes());
    for stroke in strokes {
        bytes.extend((stroke.points.len() as u16).to_le_bytes());
        bytes.extend(stroke.points.iter().map(|point| point[0] as u8));
        bytes.extend(stroke.points.iter().map(|point| point[1] as u8));
    }
    bytes
}

#[test]
fn the_binary_form_is_the_same_as_the_text() {
    let examples = bundled("test");
    let file: Vec<u8> =
        (0..).zip(&examples[..100]).flat_map(|(key, example)| binary(key, strokes(example))).collect();
    let read = all("cat.bin", &file);
    assert_eq!(read.len(), 100);
    for (at, (read, example)) in read.iter().zip(&examples).enumerate() {
        let read = read.as_ref().unwrap();
        assert_eq!(read.drawing, example.drawing);
        assert_eq!(read.id.as_deref(), Some(at.to_string().as_str()));
    }
}

#[test]
fn broken_binary_files() {
    let dot = binary(7, &[Stroke::new(vec![[1.0, 2.0]])]);
    let cut = all("it", &[&dot[..], &dot[..dot.len() - 1]].concat());
    assert!(cut.len() == 2 && cut[0].is_ok());
    assert_eq!(
        cut[1].as_ref().unwrap_err().to_string(),
        "'it', record 2: the file is cut short in this drawing"
    );

    let lost = all("it", &[&dot[..], &[0xff; 40]].concat());
    assert!(lost.len() == 2 && lost[1].as_ref().unwrap_err().to_string().contains("no drawing begins here"));

    let empty = all("it", &[&dot[..], &binary(8, &[Stroke::default()]), &dot[..]].concat());
    assert!(empty[1].as_ref().unwrap_err().to_string().contains("'it', record 2: stroke 0 has no points"));
    assert!(empty.len() == 3 && empty[2].is_ok());

    // A drawing with too many points is passed over as a whole.
    let long = Stroke::new(vec![[1.0, 2.0]; 60_000]);
    let large = all("it", &[&dot[..], &binary(9, &[long.clone(), long]), &dot[..]].concat());
    assert!(large[1].as_ref().unwrap_err().to_string().contains("more than 100000 points"));
    assert!(large.len() == 3 && large[2].is_ok());
}

#[test]
fn a_broken_drawing_does_not_hide_those_behind_it() {
    let drawing = |key| binary(key, &[Stroke::new(vec![[1.0, 2.0], [3.0, 4.0]])]);
    let mut unmarked = drawing(2);
    unmarked[10] = 0xff;
    let mut nonsense = drawing(2);
    nonsense[8..15].fill(0xee);
    for (middle, told) in [
        (unmarked, None),
        (binary(2, &[]), Some("no strokes")),
        (nonsense, Some("no drawing begins here; the next was found")),
        (vec![0x80; 999], Some("no drawing begins here; the next was found")),
    ] {
        let read = all("cat.bin", &[&drawing(1)[..], &middle, &drawing(3)].concat());
        let ids: Vec<_> = read.iter().flatten().map(|sketch| sketch.id.as_deref()).collect();
        assert_eq!((ids[0], ids.last().copied().flatten()), (Some("1"), Some("3")));
        let errors: Vec<String> =
            read.iter().filter_map(|read| Some(read.as_ref().err()?.to_string())).collect();
        assert_eq!(errors.len(), usize::from(told.is_some()), "{errors:?}");
        assert!(
            errors.iter().all(|error| error.contains("record 2") && error.contains(told.unwrap())),
            "{errors:?}"
        );
        // The first one too, where the file's name says what it is.
        let read = all("cat.bin", &[&middle, &drawing(3)[..]].concat());
        assert_eq!(read.last().unwrap().as_ref().unwrap().id.as_deref(), Some("3"));
    }
}

#[test]
fn tables_of_drawings() {
    let table = b"countrycode,drawing,key_id,recognized,timestamp,word\r\n\
        US,\"[[[0, 9], [1, 8]], [[5], [5]]]\",42,True,2017-01-30 11:26:00,cat\r\n\
        DE,\"[[[0, 9], [1]]]\",43,True,2017-01-30 11:26:00,\"a, \"\"b\"\"\"\r\n\
        DE,nothing,44,True,,cat\r\n\
        DE,\"[[[0, 9], [1, 8]]]\",45,True,2017-01-30 11:26:00,\"a, \"\"b\"\"\"\r\n";
    let read = all("train.csv", table);
    let sketch = read[0].as_ref().unwrap();
    assert_eq!((sketch.word.as_deref(), sketch.id.as_deref()), (Some("cat"), Some("42")));
    let expected = [vec![[0.0, 1.0], [9.0, 8.0]], vec![[5.0, 5.0]]].map(Stroke::new);
    assert_eq!(strokes(sketch), expected);
    for (at, told) in [(1, "line 3: stroke 0 has 2 x but 1 y"), (2, "line 4")] {
        let error = read[at].as_ref().unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    assert_eq!(read[3].as_ref().unwrap().word.as_deref(), Some("a, \"b\""));
    assert!(all("t.csv", b"word,drawing\ncat,\"[[[0],[1]]]\",\"[]\"\n")[0].is_ok());
}

fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
}

const SQUARES: &str = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 9), }\n";

#[test]
fn bitmaps() {
    let data: Vec<u8> = (0..18).collect();
    let read = all("star.npy", &npy(SQUARES, &data));
    for (sketch, ink) in read.iter().zip(data.chunks(9)) {
        let Drawing::Raster(raster) = &sketch.as_ref().unwrap().drawing else { panic!("a raster") };
        assert_eq!((raster.width(), raster.height(), raster.ink()), (3, 3, ink));
    }
    let wide = "{'shape': (1, 2, 9), 'fortran_order': False, 'descr': '|u1'}";
    let read = all("it", &npy(wide, &data));
    let Drawing::Raster(raster) = &read[0].as_ref().unwrap().drawing else { panic!("a raster") };
    assert_eq!((raster.width(), raster.height()), (9, 2));
}

#[test]
fn offsets_are_drawings() {
    let numbers =
        |rows: &[[i16; 3]]| rows.iter().flatten().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    let three = numbers(&[[5, 5, 0], [10, 0, 1], [0, 10, 0], [-10, 0, 0], [0, -5, 1], [40, 40, 1]]);
    let expected =
        [vec![[5.0, 5.0], [15.0, 5.0]], vec![[15.0, 15.0], [5.0, 15.0], [5.0, 10.0]], vec![[45.0, 50.0]]];
    let expected = expected.map(Stroke::new);
    let header = |number: &str, shape: &str| {
        format!("{{'descr': '{number}', 'fortran_order': False, 'shape': {shape}, }}")
    };
    let read = all("cat.npy", &npy(&header("<i2", "(6, 3)"), &three));
    assert_eq!(strokes(read[0].as_ref().unwrap()), expected);
    // Stroke-5, in reals, with padding behind the end.
    let five: [[f32; 5]; 5] = [
        [5.0, 5.0, 1.0, 0.0, 0.0],
        [10.0, 0.0, 0.0, 1.0, 0.0],
        [0.0, 10.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0],
        [0.0, 0.0, 0.0, 0.0, 1.0],
    ];
    let five: Vec<u8> = five.iter().flatten().flat_map(|n| n.to_le_bytes()).collect();
    let read = all("cat.npy", &npy(&header("<f4", "(5, 5)"), &five));
    assert_eq!(
        strokes(read[0].as_ref().unwrap()),
        [vec![[5.0, 5.0], [15.0, 5.0]], vec![[15.0, 15.0]]].map(Stroke::new)
    );

    let object = [&b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85U\x01b\x87R(K\x01K\x02\x85cnumpy\ndtype\nq\x02U\x02O8K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89](h\x00h\x01K\x00\x85U\x01b\x87R(K\x01K\x06K\x03\x86h\x02U\x02i2K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x24"[..], &three, b"tbh\x00h\x01K\x00\x85U\x01b\x87R(K\x01K\x06K\x04\x86h\x02U\x02i2K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x24", &three, b"tbetb."].concat();
    let file = npy(&header("|O", "(2,)"), &object);
    let read = all("train.npy", &file);
    assert_eq!(strokes(read[0].as_ref().unwrap()), expected);
    assert!(
        read[1].as_ref().unwrap_err().to_string().contains("record 2: it is i2 of shape [6, 4]"),
        "{:?}",
        read[1]
    );
    for end in (file.len() - object.len()..file.len() - 1).step_by(3) {
        let told = all_or_error("train.npy", &file[..end]);
        assert!(told.contains("its pickle cannot be read"), "{end}: {told}");
    }
    let calls = npy(&header("|O", "(1,)"), b"\x80\x02cos\nsystem\nU\x02ls\x85R.");
    assert!(all_or_error("train.npy", &calls).contains("calls 'os.system'"));
}

fn all_or_error(name: &str, bytes: &[u8]) -> String {
    match read_bytes(name, bytes) {
        Ok(mut sketches) => sketches.find_map(Result::err).map_or(String::new(), |error| error.to_string()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn broken_bitmaps() {
    let cut = all("it", &npy(SQUARES, &[0; 17]));
    assert!(cut.len() == 2 && cut[0].is_ok());
    let message = cut[1].as_ref().unwrap_err().to_string();
    assert_eq!(message, "'it', record 2: the file is cut short: it ends in record 2 of 2");

    for (from, to, reason) in [
        ("|u1", "<f4", "its elements are <f4"),
        ("False", "True", "its columns come before its rows"),
        ("(2, 9)", "(2, 8)", "its shape is [2, 8]"),
        ("(2, 9)", "(18,)", "its shape is [18]"),
        ("(2, 9)", "(2, 100000, 100000)", "100000×100000"),
        ("(2, 9)", "(2, 18446744073709551615)", "its shape is"),
        ("(2, 9)", "(2, 0)", "0×0"),
        ("(2, 9)", "(2, -9)", "its shape is"),
        ("'shape'", "'form'", "no shape"),
    ] {
        let header = SQUARES.replace(from, to);
        let error =
            read_bytes("it", npy(&header, &[0; 18])).err().unwrap_or_else(|| panic!("{header}")).to_string();
        assert!(error.contains("'it'") && error.contains(reason), "{error}");
    }
    let lying = [b"\x93NUMPY\x02\x00".as_slice(), &u32::MAX.to_le_bytes(), b"{"].concat();
    assert!(read_bytes("it", lying).err().unwrap().to_string().contains("4294967295 bytes"));
}

fn idx(magic: u8, extents: &[u32], data: &[u8]) -> Vec<u8> {
    let extents: Vec<u8> = extents.iter().flat_map(|extent| extent.to_be_bytes()).collect();
    [&[0, 0, 8, magic][..], &extents, data].concat()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    fs::write(folder.join(name), bytes).unwrap();
}

#[test]
fn idx_images_take_their_labels_from_beside() {
    let folder = tempfile::tempdir().unwrap();
    let images = "train-images-idx3-ubyte";
    write(folder.path(), images, &idx(3, &[2, 2, 3], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
    let words = || -> Vec<_> {
        read_file(folder.path().join(images)).unwrap().map(|sketch| sketch.unwrap().word).collect()
    };
    assert_eq!(words(), [None, None]);
    write(folder.path(), "train-labels-idx1-ubyte", &idx(1, &[2], &[7, 3]));
    assert_eq!(words(), [Some("7".to_owned()), Some("3".to_owned())]);
    write(folder.path(), "train-labels-idx1-ubyte", &idx(1, &[3], &[7, 3, 1]));
    let error = read_file(folder.path().join(images)).err().unwrap().to_string();
    assert!(error.contains("2 images, and 3 labels"), "{error}");
}

#[test]
fn cifar_pictures_have_words_and_colors() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = vec![1];
    record.extend([[10_u8; 1024], [20; 1024], [30; 1024]].concat());
    write(folder.path(), "data_batch_1.bin", &record.repeat(2));
    write(folder.path(), "batches.meta.txt", b"airplane\nautomobile\n\n");
    let read: Vec<_> =
        read_file(folder.path().join("data_batch_1.bin")).unwrap().map(Result::unwrap).collect();
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].word.as_deref(), Some("automobile"));
    let Drawing::Picture(picture) = &read[0].drawing else { panic!("a picture") };
    assert_eq!(
        (picture.width(), picture.height(), &picture.rgb()[..6]),
        (32, 32, &[10, 20, 30, 10, 20, 30][..])
    );

    // The second byte of CIFAR-100 is the label, and without names it is a number.
    let mut record = vec![4, 99];
    record.extend([0; 3072]);
    let hundred = all("train.bin", &[&record[..], &record[..9]].concat());
    assert_eq!(hundred[0].as_ref().unwrap().word.as_deref(), Some("99"));
    assert!(
        hundred[1].as_ref().unwrap_err().to_string().contains("'train.bin', record 2: the file is cut short")
    );
}

proptest! {
    #[test]
    fn any_records_are_read_without_harm(kind in 0_usize..5, bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let dot = binary(7, &[Stroke::new(vec![[1.0, 2.0]])]);
        let head: &[u8] = [&dot[..17], b"\x93NUMPY\x01\x00", &[0, 0, 8, 3, 0, 0, 0], b"", b"\x1f\x8b"][kind];
        let name = if kind == 3 { "test_batch.bin" } else { "it" };
        if let Ok(sketches) = read_bytes(name, [head, &bytes].concat()) {
            prop_assert!(sketches.take(1000).count() <= 1000);
        }
    }
}
