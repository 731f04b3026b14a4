//! Images from folders: PNG, JPEG, IDX and CIFAR-10 binary files, good and bad.

use std::path::{Path, PathBuf};

use png::{BitDepth, ColorType};
use proptest::prelude::*;

use crate::data::picture::tests::png_bytes;
use crate::data::{ImageOptions, ImageSet, read_images};
use crate::error::{DataError, ImageError};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// A grey picture of one value.
    fn grey(&self, name: &str, size: [usize; 2], value: u8) {
        let values = vec![value; size[0] * size[1]];
        self.put(name, png_bytes(size, ColorType::Grayscale, BitDepth::Eight, &values));
    }

    fn color(&self, name: &str, size: [usize; 2], value: [u8; 3]) {
        let values = value.repeat(size[0] * size[1]);
        self.put(name, png_bytes(size, ColorType::Rgb, BitDepth::Eight, &values));
    }

    fn read(&self, options: &ImageOptions) -> Result<ImageSet, DataError> {
        read_images(self.0.path(), options)
    }

    fn refused(&self) -> (ImageError, String) {
        match self.read(&ImageOptions::default()).unwrap_err() {
            DataError::Image(error) => {
                let text = error.to_string().replace(&format!("{}/", self.0.path().display()), "");
                (error, text)
            }
            error => panic!("{error}"),
        }
    }
}

/// A JPEG of 8 x 8 pixels of one color: one block a component whose only coefficient is the first.
fn jpeg(components: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    let mut segment = |marker: u8, content: &[u8]| {
        bytes.extend([0xff, marker, 0, content.len() as u8 + 2]);
        bytes.extend_from_slice(content);
    };
    segment(0xdb, &[&[0][..], &[1; 64]].concat());
    let listed = |f: &dyn Fn(u8) -> Vec<u8>| (1..=components).flat_map(f).collect::<Vec<u8>>();
    let frame = listed(&|component| vec![component, 0x11, 0]);
    segment(0xc0, &[&[8, 0, 8, 0, 8, components][..], &frame].concat());
    // One code of one bit in each table: ten bits of difference, end of block.
    for (table, symbol) in [(0x00, 10), (0x10, 0)] {
        let mut content = vec![table, 1];
        content.resize(17, 0);
        content.push(symbol);
        segment(0xc4, &content);
    }
    let scan = listed(&|component| vec![component, 0]);
    segment(0xda, &[&[components][..], &scan, &[0, 63, 0]].concat());
    bytes.extend_from_slice(data);
    bytes.extend([0xff, 0xd9]);
    bytes
}

#[test]
fn folders_are_labels_and_files_are_sorted_by_name() {
    let folder = Folder::new();
    folder.grey("dog/b.png", [1, 2], 3);
    folder.grey("dog/a.png", [1, 2], 2);
    folder.grey("cat/z.PNG", [1, 2], 1);
    folder.put("cat/.hidden.png", "");
    folder.put("readme.txt", "about");
    let set = folder.read(&ImageOptions::default()).unwrap();
    assert_eq!((set.train.n, set.train.height, set.train.width, set.train.channels), (3, 1, 2, 1));
    assert_eq!(set.train.pixels, [1, 1, 2, 2, 3, 3]);
    assert_eq!(set.train.labels.as_deref(), Some(&[0, 1, 1][..]));
    assert_eq!(set.names.unwrap(), ["cat", "dog"]);
    assert_eq!(set.notes, ["files that are not PNG or JPEG are left out: 1 .txt"]);
    let names: Vec<_> = set.files.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["z.PNG", "a.png", "b.png"]);
}

#[test]
fn train_and_test_folders_part_the_set_and_must_agree_on_labels() {
    let folder = Folder::new();
    folder.grey("train/a/1.png", [1, 1], 10);
    folder.grey("train/b/1.png", [1, 1], 20);
    folder.grey("test/a/1.png", [1, 1], 30);
    let (error, text) = folder.refused();
    assert!(matches!(error, ImageError::PictureLabels { .. }));
    assert!(text.contains("different sub-folders, `a`, `b` and `a`"), "{text}");
    folder.grey("test/b/1.png", [1, 1], 40);
    let set = folder.read(&ImageOptions::default()).unwrap();
    let test = set.test.unwrap();
    assert_eq!((set.train.pixels, set.train.labels), (vec![10, 20], Some(vec![0, 1])));
    assert_eq!((test.n, test.pixels, test.labels), (2, vec![30, 40], Some(vec![0, 1])));
}

#[test]
fn jpeg_pictures_are_read_grey_and_in_color() {
    let folder = Folder::new();
    // A first coefficient of 8 (200 - 128) makes all pixels 200.
    folder.put("grey.jpg", jpeg(1, &[0x48, 0x0f]));
    let set = folder.read(&ImageOptions::default()).unwrap();
    assert_eq!((set.train.height, set.train.width, set.train.channels), (8, 8, 1));
    assert_eq!(set.train.pixels, [200; 64]);
    let folder = Folder::new();
    // Y = 200, Cb = 200, Cr = 56.
    folder.put("color.jpeg", jpeg(3, &[0x48, 0x04, 0x80, 0x37, 0xef]));
    let pixels = folder.read(&ImageOptions::default()).unwrap().train.pixels;
    for pixel in pixels.chunks(3) {
        let near = |value: u8, expected: i32| (i32::from(value) - expected).abs() <= 1;
        assert!(near(pixel[0], 99) && near(pixel[1], 227) && pixel[2] == 255, "{pixel:?}");
    }
    assert_eq!(pixels.len(), 192);
}

#[test]
fn several_sizes_are_listed_with_the_remedy() {
    let folder = Folder::new();
    folder.grey("a.png", [2, 2], 0);
    folder.grey("b.png", [2, 4], 100);
    folder.grey("c.png", [2, 4], 200);
    let (error, text) = folder.refused();
    assert!(
        text.starts_with(
            "the pictures have 2 sizes (height x width): 2 x 2 (1, first a.png), 2 x 4 (2, first b.png): "
        ),
        "{text}"
    );
    assert!(error.hint().unwrap().contains("`data.images.size = [2, 4]`"), "{error:?}");
    let set = folder.read(&ImageOptions { size: Some([1, 2]), ..ImageOptions::default() }).unwrap();
    assert_eq!((set.train.height, set.train.width), (1, 2));
    assert_eq!(set.train.pixels, [0, 0, 100, 100, 200, 200]);
}

#[test]
fn grey_among_color_is_refused_unless_channels_are_given() {
    let folder = Folder::new();
    folder.grey("a.png", [1, 1], 9);
    folder.color("b.png", [1, 1], [255, 0, 0]);
    let (error, text) = folder.refused();
    assert!(text.contains("1 grey (first a.png), 1 with color (first b.png)"), "{text}");
    assert!(error.hint().unwrap().contains("`data.images.channels = 1`"));
    let read = |channels| {
        folder.read(&ImageOptions { channels: Some(channels), ..ImageOptions::default() }).unwrap()
    };
    assert_eq!((read(1).train.channels, read(1).train.pixels), (1, vec![9, 76]));
    assert_eq!((read(3).train.channels, read(3).train.pixels), (3, vec![9, 9, 9, 255, 0, 0]));
}

#[test]
fn corrupt_pictures_are_all_named_or_skipped_and_counted() {
    let folder = Folder::new();
    folder.grey("a.png", [1, 1], 9);
    folder.put("b.png", "no picture");
    folder.put("c.jpg", "");
    let (error, text) = folder.refused();
    assert!(
        text.starts_with("2 of 3 pictures cannot be read: b.png is neither PNG nor JPEG; c.jpg is empty: "),
        "{text}"
    );
    assert!(error.hint().unwrap().contains("`data.images.skip-corrupt = true`"));
    let set = folder.read(&ImageOptions { skip_corrupt: true, ..ImageOptions::default() }).unwrap();
    assert_eq!((set.train.n, set.train.pixels.as_slice()), (1, &[9][..]));
    assert!(
        set.notes[0].starts_with("2 of 3 pictures cannot be read and are left out, the first: "),
        "{:?}",
        set.notes
    );
    std::fs::remove_file(folder.0.path().join("a.png")).unwrap();
    let error = folder.read(&ImageOptions { skip_corrupt: true, ..ImageOptions::default() }).unwrap_err();
    assert!(error.to_string().starts_with("2 of 2 pictures cannot be read"), "{error}");
}

#[test]
fn sixteen_bits_and_transparency_are_told() {
    let folder = Folder::new();
    folder.put("a.png", png_bytes([1, 1], ColorType::Grayscale, BitDepth::Sixteen, &[0x80, 0x80]));
    folder.put("b.png", png_bytes([1, 1], ColorType::GrayscaleAlpha, BitDepth::Eight, &[0, 0]));
    folder.put("c.png", png_bytes([1, 1], ColorType::GrayscaleAlpha, BitDepth::Eight, &[5, 255]));
    let set = folder.read(&ImageOptions::default()).unwrap();
    assert_eq!(set.train.pixels, [128, 255, 5]);
    assert_eq!(
        set.notes,
        [
            "1 of 3 pictures have 16 bits a value and are read with 8",
            "1 of 3 pictures are transparent in places and are laid on white"
        ]
    );
}

#[test]
fn pictures_beside_folders_and_folders_without_pictures_are_refused() {
    let folder = Folder::new();
    folder.put("a.gif", "GIF89a");
    let (error, text) = folder.refused();
    assert!(matches!(error, ImageError::NoPictures { .. }));
    assert!(text.contains("but files ending in .gif"), "{text}");
    folder.grey("x/a.png", [1, 1], 9);
    folder.grey("b.png", [1, 1], 9);
    let (_, text) = folder.refused();
    assert!(
        text.starts_with("1 picture lies beside folders of pictures such as `x`, so that it has no label"),
        "{text}"
    );
    let error = read_images(Path::new("no/such/folder"), &ImageOptions::default()).unwrap_err();
    assert!(matches!(error, DataError::NotFound { .. }), "{error}");
}

/// An IDX file of bytes.
fn idx(sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend_from_slice(values);
    bytes
}

#[test]
fn an_idx_folder_needs_no_particular_names_for_one_pair() {
    let folder = Folder::new();
    let pixels = folder.put("letters-images", idx(&[2, 1, 2], &[1, 2, 3, 4]));
    folder.put("notes.txt", "about");
    let set = folder.read(&ImageOptions::default()).unwrap();
    assert_eq!((set.train.n, set.train.labels, set.files), (2, None, vec![pixels]));
    folder.put("letters-labels", idx(&[2], &[7, 8]));
    let set = folder.read(&ImageOptions::default()).unwrap();
    assert_eq!((set.train.pixels, set.train.labels), (vec![1, 2, 3, 4], Some(vec![7, 8])));
    folder.put("letters-labels", idx(&[3], &[7, 8, 9]));
    assert!(matches!(folder.read(&ImageOptions::default()), Err(DataError::LabelCount { .. })));
    folder.put("more-images", idx(&[1, 1, 2], &[1, 2]));
    let (_, text) = folder.refused();
    assert!(text.contains("several IDX files"), "{text}");
    // With the names of MNIST the parts are known.
    folder.put("train-images-idx3-ubyte", idx(&[1, 1, 2], &[5, 6]));
    folder.put("t10k-images-idx3-ubyte", idx(&[1, 1, 2], &[7, 8]));
    let set = folder.read(&ImageOptions::default()).unwrap();
    assert_eq!((set.train.pixels, set.test.unwrap().pixels), (vec![5, 6], vec![7, 8]));
}

#[test]
fn cifar_folders_are_parted_by_name_and_can_be_turned_grey() {
    let folder = Folder::new();
    let record = |label: u8, red: u8| [&[label][..], &[red; 1024], &[0; 2048]].concat();
    folder.put("data_batch_1.bin", record(3, 255));
    folder.put("data_batch_2.bin", record(4, 255));
    folder.put("test_batch.bin", record(5, 100));
    let set = folder.read(&ImageOptions { channels: Some(1), ..ImageOptions::default() }).unwrap();
    assert_eq!((set.train.n, set.train.channels, set.train.labels), (2, 1, Some(vec![3, 4])));
    assert_eq!(set.train.pixels, [76; 2048]);
    assert_eq!(set.test.unwrap().pixels, [30; 1024]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_damage_makes_the_picture_readers_panic(
        which in 0_usize..5,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        is_cut: bool,
    ) {
        let (name, mut bytes) = match which {
            0 => ("a.png", png_bytes([4, 3], ColorType::Rgb, BitDepth::Eight, &[7; 36])),
            1 => ("a.png", png_bytes([4, 3], ColorType::GrayscaleAlpha, BitDepth::Sixteen, &[7; 48])),
            2 => ("a.jpg", jpeg(3, &[0xff, 0x00, 0x12, 0x7f])),
            3 => ("train-images-idx3-ubyte", idx(&[2, 2, 2], &[1; 8])),
            _ => ("data_batch_1.bin", vec![3; 3073 * 2]),
        };
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let folder = Folder::new();
        folder.put(name, bytes);
        for skip_corrupt in [false, true] {
            let _ = folder.read(&ImageOptions { skip_corrupt, ..ImageOptions::default() });
        }
    }
}
