use std::path::{Path, PathBuf};

/// Errors of reading a set of images.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// A folder holds several IDX files that are not named as those of MNIST.
    #[error("the folder holds several IDX files and does not say which are for training: {}: {}", named(files), path.display())]
    ManyIdx {
        /// The files.
        files: Vec<PathBuf>,
        /// The folder.
        path: PathBuf,
    },
    /// A file of records of one size has another length.
    #[error("the file has {bytes} bytes, which are not whole records of {record}: {}", path.display())]
    Records {
        /// Bytes there are.
        bytes: usize,
        /// Bytes of a record.
        record: usize,
        /// The file.
        path: PathBuf,
    },
    /// A line of a file of digits has too few or too many values.
    #[error("line {line} has {found} values, {expected} are expected: {}", path.display())]
    DigitValues {
        /// The line, from 1.
        line: usize,
        /// Values in it.
        found: usize,
        /// Values it should have.
        expected: usize,
        /// The file.
        path: PathBuf,
    },
    /// A value of a file of digits is none, or out of range.
    #[error("line {line}, column {column} is `{value}`, allowed is {allowed}: {}", path.display())]
    DigitValue {
        /// The line, from 1.
        line: usize,
        /// The value in the line, from 1.
        column: usize,
        /// What was found.
        value: String,
        /// What is allowed.
        allowed: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A known data set that is read as images is none.
    #[error("`{name}` cannot be read as images")]
    NotImages {
        /// The data set.
        name: &'static str,
    },
    /// A folder of images has none.
    #[error("the folder holds no images (PNG, JPEG, IDX or CIFAR-10 binary files){}: {}", other_endings(others), path.display())]
    NoPictures {
        /// Endings of the files there are.
        others: Vec<String>,
        /// The folder.
        path: PathBuf,
    },
    /// Pictures cannot be read; all of them are listed.
    #[error("{} of {of} pictures cannot be read: {}: {}", pictures.len(), problems(pictures), path.display())]
    CorruptPictures {
        /// The files, each with what is wrong with it.
        pictures: Vec<(PathBuf, String)>,
        /// Pictures there are.
        of: usize,
        /// The folder.
        path: PathBuf,
    },
    /// Pictures have different sizes.
    #[error("the pictures have {} sizes (height x width): {}: {}", sizes.len(), picture_sizes(sizes, path), path.display())]
    PictureSizes {
        /// Height and width, with the pictures that have them.
        sizes: Vec<([usize; 2], PictureGroup)>,
        /// The folder.
        path: PathBuf,
    },
    /// Some pictures are grey, others have color.
    #[error("some pictures are grey, others have color: {}: {}", picture_channels(channels, path), path.display())]
    PictureChannels {
        /// 1 or 3, with the pictures that have so many.
        channels: Vec<(usize, PictureGroup)>,
        /// The folder.
        path: PathBuf,
    },
    /// Pictures lie beside folders of pictures, so that some have a label and others none.
    #[error("{} beside folders of pictures such as `{folder}`, so that {} no label: {}",
        if *count == 1 { "1 picture lies".to_string() } else { format!("{count} pictures lie") },
        if *count == 1 { "it has" } else { "they have" }, first.display())]
    LoosePictures {
        /// How many.
        count: usize,
        /// The first of them.
        first: PathBuf,
        /// A folder with pictures.
        folder: String,
    },
    /// Training and test pictures have different labels.
    #[error(
        "the folders `train` and `test` have different sub-folders, {} and {}: {}",
        label_list(train.as_ref()), label_list(test.as_ref()), path.display()
    )]
    PictureLabels {
        /// Sub-folders of `train`, if it has any.
        train: Option<Vec<String>>,
        /// Likewise of `test`.
        test: Option<Vec<String>>,
        /// The folder.
        path: PathBuf,
    },
    /// Images would take more memory once resized than is allowed.
    #[error(
        "{n} images of {} x {} take {:.1} GB, at most {:.1} GB are allowed",
        size[0], size[1], *bytes as f64 / 1e9, *allowed as f64 / 1e9
    )]
    TooLarge {
        /// Images there are.
        n: usize,
        /// Height and width they were to get.
        size: [usize; 2],
        /// Bytes that takes.
        bytes: u64,
        /// Bytes it may take.
        allowed: u64,
    },
    /// More labels than can be told apart.
    #[error("the folder has {found} sub-folders of pictures, which are labels, at most {most} are possible: {}", path.display())]
    TooManyLabels {
        /// Sub-folders with pictures.
        found: usize,
        /// The most there may be.
        most: usize,
        /// The folder.
        path: PathBuf,
    },
}

/// Pictures that have something in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureGroup {
    /// How many.
    pub count: usize,
    /// The first of them by name.
    pub first: PathBuf,
}

impl ImageError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::ManyIdx { .. } => {
                "name them as MNIST does (train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-…), or name one file"
                    .into()
            }
            Self::Records { .. } => "check that this is a CIFAR-10 binary file and that it arrived whole".into(),
            Self::DigitValues { .. } | Self::DigitValue { .. } => {
                "a line is a digit and 256 grey values from -1 to 1, with spaces between".into()
            }
            Self::NotImages { .. } => "name it as `data.table`, or name a folder of images".into(),
            Self::NoPictures { .. } => "name the folder that holds the images, or whose sub-folders do".into(),
            Self::CorruptPictures { pictures, of, .. } if pictures.len() < *of => {
                "mend or remove them, or leave them out with `data.images.skip-corrupt = true`".into()
            }
            Self::CorruptPictures { .. } => "mend the files; leaving them out would leave none".into(),
            Self::PictureSizes { sizes, .. } => {
                let ([height, width], _) = sizes.iter().max_by_key(|(_, group)| group.count)?;
                format!(
                    "give all one size, such as that of most, with `data.images.size = [{height}, {width}]`"
                )
            }
            Self::PictureChannels { .. } => {
                "make all grey with `data.images.channels = 1`, or all color with `data.images.channels = 3`".into()
            }
            Self::LoosePictures { .. } => {
                "move them into folders named after their labels, or all pictures into one folder".into()
            }
            Self::PictureLabels { .. } => "give both the same sub-folders, one a label".into(),
            Self::TooLarge { .. } => "lower `data.images.size`".into(),
            Self::TooManyLabels { .. } => "put the pictures into fewer folders, or all into one".into(),
        })
    }
}

/// At most so many files or sizes stand in a message; the error's value has all.
const LISTED: usize = 20;

fn and_more(parts: impl ExactSizeIterator<Item = String>, separator: &str) -> String {
    let n = parts.len();
    let shown: Vec<String> = parts.take(LISTED).collect();
    let more = if n > LISTED { format!(" and {} more", n - LISTED) } else { String::new() };
    format!("{}{more}", shown.join(separator))
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A file's path below a folder.
fn below(file: &Path, folder: &Path) -> String {
    let path = file.strip_prefix(folder).ok().filter(|path| !path.as_os_str().is_empty());
    path.map_or_else(|| file_name(file), |path| path.display().to_string())
}

fn named(files: &[PathBuf]) -> String {
    and_more(files.iter().map(|path| file_name(path)), ", ")
}

fn problems(pictures: &[(PathBuf, String)]) -> String {
    and_more(pictures.iter().map(|(path, problem)| format!("{} {problem}", path.display())), "; ")
}

fn picture_sizes(sizes: &[([usize; 2], PictureGroup)], folder: &Path) -> String {
    let of = |([height, width], group): &([usize; 2], PictureGroup)| {
        format!("{height} x {width} ({}, first {})", group.count, below(&group.first, folder))
    };
    and_more(sizes.iter().map(of), ", ")
}

fn picture_channels(channels: &[(usize, PictureGroup)], folder: &Path) -> String {
    let of = |(channels, group): &(usize, PictureGroup)| {
        let kind = if *channels == 1 { "grey" } else { "with color" };
        format!("{} {kind} (first {})", group.count, below(&group.first, folder))
    };
    and_more(channels.iter().map(of), ", ")
}

fn other_endings(others: &[String]) -> String {
    let known: Vec<String> =
        others.iter().filter(|ending| !ending.is_empty()).map(|e| format!(".{e}")).collect();
    if known.is_empty() { String::new() } else { format!(", but files ending in {}", known.join(", ")) }
}

fn label_list(names: Option<&Vec<String>>) -> String {
    names.map_or_else(|| "none".into(), |names| and_more(names.iter().map(|name| format!("`{name}`")), ", "))
}
