//! Text in other encodings than UTF-8.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1250, WINDOWS_1252};

use super::source::Source;
use crate::error::DataError;

/// Bytes decoded at a time.
const CHUNK: usize = 1 << 16;
/// Bytes looked at for the marks of an encoding.
const HEAD: u64 = 1024;

/// The encoding of `source` if it is another than UTF-8: the one that is `given`, or what its first bytes say.
pub(super) fn of(source: &Source, given: Option<&str>) -> Result<Option<&'static Encoding>, DataError> {
    if let Some(name) = given {
        let encoding = Encoding::for_label(name.trim().as_bytes())
            .ok_or_else(|| DataError::UnknownEncoding { name: name.to_owned() })?;
        return Ok((encoding != UTF_8).then_some(encoding));
    }
    let mut head = Vec::new();
    source.open()?.take(HEAD).read_to_end(&mut head).map_err(|error| source.error(error))?;
    Ok(match head.as_slice() {
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        _ => without_mark(&head),
    })
}

/// UTF-16 without a byte order mark: every other byte of Latin text is zero.
fn without_mark(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    if half >= 2 && odd * 4 > half * 3 && even == 0 {
        Some(UTF_16LE)
    } else if half >= 2 && even * 4 > half * 3 && odd == 0 {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Bytes of letters of Windows-1250 that its languages do without in no text of some length (š, ž, ł, ą, ż, ř, ě, ů, …); the others
/// are as likely accents of Windows-1252.
const SLAVIC: [u8; 21] = [
    0x8a, 0x8c, 0x8d, 0x8e, 0x8f, 0x9a, 0x9c, 0x9d, 0x9e, 0x9f, 0xa3, 0xa5, 0xaa, 0xaf, 0xb3, 0xb9, 0xbc,
    0xbf, 0xec, 0xf8, 0xf9,
];

/// Letters of Windows-1250 (ł, ą, ż, ź, ľ, Ł, Ą, Ż) that Windows-1252 has signs for, which do not stand within words.
const CENTRAL: [u8; 8] = [0xb3, 0xb9, 0xbf, 0x9f, 0xbe, 0xa3, 0xa5, 0xaf];

/// With fewer letters than this within words, the others are signs as Western texts have them: `25°C`, `£5`.
const LEAST_LETTERS: u64 = 2;

/// The encoding of a text that is not UTF-8, as the frequencies of its letters say (chardetng, which Firefox uses); none
/// where some of the text is clearly UTF-8 or what is decoded is no text.
pub(super) fn guess(source: &Source) -> Result<Option<&'static Encoding>, DataError> {
    let mut reader = source.open()?;
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let (mut valid, mut invalid, mut letters, mut central, mut within) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    let (mut slavic, mut double_acute, mut acute, mut tilded) = (0, 0, 0, 0);
    let mut bytes: Vec<u8> = Vec::with_capacity(CHUNK);
    let mut sample = Vec::new();
    loop {
        let kept = bytes.len();
        bytes.resize(CHUNK, 0);
        let read = reader.read(&mut bytes[kept..]).map_err(|error| source.error(error))?;
        bytes.truncate(kept + read);
        let is_end = read == 0;
        detector.feed(&bytes[kept..], is_end);
        if sample.len() < CHUNK {
            sample.extend_from_slice(&bytes[kept..]);
        }
        let is_central = |bytes: &&[u8]| {
            let [before, after] = [bytes[0], bytes[2]].map(|byte| byte.is_ascii_alphabetic());
            // `zł`, `paź`; `m³` is a cubic metre, and `x¹` has a note.
            let is_last = match bytes[1] {
                0xb3 => !matches!(bytes[0], b'm' | b'M' | b't' | b'x') && bytes[0].is_ascii_lowercase(),
                0x9f | 0xbf => true,
                _ => false,
            };
            CENTRAL.contains(&bytes[1]) && before && (after || (is_last && bytes[2] < 0x80))
        };
        let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte >= 0x80;
        let is_within = |bytes: &&[u8]| bytes[1] >= 0x80 && is_letter(bytes[0]) && is_letter(bytes[2]);
        slavic += bytes.iter().filter(|byte| SLAVIC.contains(byte)).count();
        // `Győr`; Portuguese has õ before e (`ões`), and Estonian, which has õ, no acute accents.
        let is_double = |bytes: &&[u8]| matches!(bytes[0], 0xd5 | 0xf5) && !matches!(bytes[1], b'e' | b'E');
        double_acute += bytes.windows(2).filter(is_double).count();
        acute += bytes.iter().filter(|byte| matches!(byte, 0xe1 | 0xe9 | 0xed | 0xf3 | 0xfa)).count();
        tilded += bytes.iter().filter(|byte| matches!(byte, 0xc3 | 0xe3)).count();
        within += bytes.windows(3).filter(is_within).count() as u64;
        central += bytes.windows(3).filter(is_central).count() as u64;
        let mut rest = bytes.as_slice();
        loop {
            let (text, error) = match std::str::from_utf8(rest) {
                Ok(text) => (text, None),
                Err(error) => {
                    (std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default(), Some(error))
                }
            };
            letters += text.bytes().filter(u8::is_ascii_alphabetic).count() as u64;
            valid += text.chars().filter(|c| !c.is_ascii()).count() as u64;
            rest = &rest[text.len()..];
            match error.and_then(|error| error.error_len()) {
                Some(length) => {
                    invalid += 1;
                    rest = &rest[length..];
                }
                // The rest may be the beginning of a character.
                None => break,
            }
        }
        if is_end {
            invalid += u64::from(!rest.is_empty());
            // In a Western language most letters have no accent.
            let is_western = invalid <= 1 || invalid < letters || within == 0;
            let is_latin = |guess| [WINDOWS_1250, WINDOWS_1252].contains(&guess);
            let guess = match detector.guess(None, Utf8Detection::Deny) {
                guess if (guess == WINDOWS_1252 || within < LEAST_LETTERS) && central > 1 => WINDOWS_1250,
                guess if is_latin(guess) && double_acute > 0 && acute > 0 && tilded == 0 => WINDOWS_1250,
                guess if guess == WINDOWS_1250 && slavic == 0 => WINDOWS_1252,
                guess if within < LEAST_LETTERS && guess.is_single_byte() && is_western => WINDOWS_1252,
                guess => guess,
            };
            let is_likely = guess != WINDOWS_1252 || is_western;
            // Two bytes of a script without Latin letters may be one character of UTF-8 by chance.
            let most = if is_western { 10 } else { 2 };
            let is_said = valid * most <= invalid && is_likely && is_text(&sample, guess);
            return Ok(is_said.then_some(guess));
        }
        bytes = rest.to_vec();
    }
}

/// Whether the beginning of a text has neither control characters nor what is no character of `encoding`.
fn is_text(sample: &[u8], encoding: &'static Encoding) -> bool {
    // The end may be in the middle of a character.
    let whole =
        sample.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map_or(sample.len(), |at| at + 1);
    let (text, _) = encoding.decode_without_bom_handling(&sample[..whole]);
    !text.chars().any(|c| c == '\u{fffd}' || (c.is_control() && !c.is_ascii()))
}

/// The UTF-8 of a text in `encoding`, without a byte order mark.
pub(super) struct Decoded<R> {
    reader: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// Bytes of `raw` that are decoded, and those that are there.
    used: usize,
    there: usize,
    is_end: bool,
    text: Vec<u8>,
    given: usize,
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(reader: R, encoding: &'static Encoding) -> Self {
        Self {
            reader,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; CHUNK],
            used: 0,
            there: 0,
            is_end: false,
            text: Vec::new(),
            given: 0,
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() {
            if self.used == self.there {
                if self.is_end {
                    return Ok(0);
                }
                self.there = self.reader.read(&mut self.raw)?;
                self.used = 0;
                self.is_end = self.there == 0;
            }
            self.text.resize(CHUNK, 0);
            let raw = &self.raw[self.used..self.there];
            let (result, read, written, _) = self.decoder.decode_to_utf8(raw, &mut self.text, self.is_end);
            self.text.truncate(written);
            self.given = 0;
            self.used += read;
            if self.is_end && result == CoderResult::InputEmpty && written == 0 {
                return Ok(0);
            }
        }
        let n = out.len().min(self.text.len() - self.given);
        out[..n].copy_from_slice(&self.text[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn decoded(bytes: &[u8], encoding: &'static Encoding) -> String {
        let mut text = String::new();
        Decoded::new(bytes, encoding).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn marks_and_zeros_tell_utf_16() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let source = |bytes: Vec<u8>| Source::memory(Path::new("t"), bytes);
        let text = "Åse,1\nZoë,2\n".repeat(20_000);
        let bytes = [vec![0xff, 0xfe], utf16(&text)].concat();
        assert_eq!(of(&source(bytes.clone()), None).unwrap(), Some(UTF_16LE));
        assert_eq!(decoded(&bytes, UTF_16LE), text);
        assert_eq!(of(&source(utf16("name,n\na,1\n")), None).unwrap(), Some(UTF_16LE));
        assert_eq!(of(&source(b"a,b\n".to_vec()), None).unwrap(), None);
        assert!(of(&source(b"a".to_vec()), Some("klingon")).is_err());
    }

    #[test]
    fn latin_text_is_told_from_damaged_utf_8() {
        let source = |bytes: &[u8]| Source::memory(Path::new("t"), bytes.to_vec());
        assert_eq!(guess(&source(b"caf\xe9,1\nna\xefve,2\n")).unwrap(), Some(WINDOWS_1252));
        assert_eq!(guess(&source("café,1\nnaïve,2\n€\u{e9}".as_bytes())).unwrap(), None);
        assert_eq!(guess(&source(b"caf\xc3\xa9,1\nna\xefve\n")).unwrap(), None);
        assert_eq!(guess(&source(b"\x81\x8d\x8f,\x90\x9d\xff\n")).unwrap(), None);
        assert_eq!(decoded(b"\x80 caf\xe9", WINDOWS_1252), "€ café");
    }

    #[test]
    fn encodings_of_other_scripts_are_told_by_their_letters() {
        for (label, text) in [
            ("windows-1251", "город,имя\nМосква,Иванов\nКазань,Петрова\nОмск,Сидоров\n"),
            ("windows-1250", "miasto,nazwisko\nŁódź,Wójcik\nGdańsk,Żak\nPoznań,Kamiński\n"),
            ("windows-1250", "město,jméno\nPlzeň,Dvořák\nBrno,Černý\nDěčín,Růžička\n"),
            ("windows-1250", "n,m\n1,zł\n2,zł\n3,szt\n4,zł\n5,zł\n"),
            ("windows-1250", "hónap,n\npaź,1\npaź,2\nlis,3\n"),
            ("windows-1250", "város,n\nGyőr,1\nFertőd,2\nGyőr,3\nPécs,4\n"),
            ("windows-1252", "linn,n\nVõru,1\nPõlva,2\nJõgeva,3\nPärnu,4\n"),
            ("windows-1252", "nome,n\nCamões,1\nJosé,2\nSimões,3\nRégua,4\n"),
            ("windows-1252", "t,n\n5 m³,1\n6 m³,2\n7 m³,3\n8 ft³,4\n"),
            ("windows-1253", "πόλη,όνομα\nΑθήνα,Γιώργος\nΠάτρα,Ελένη\n"),
            ("windows-1255", "עיר,שם\nחיפה,דוד\nירושלים,שרה\n"),
            ("windows-1256", "المدينة,الاسم\nالقاهرة,محمد\nالرياض,فاطمة\n"),
            ("shift_jis", "都道府県,氏名\n東京都,佐藤\n大阪府,鈴木\n"),
            ("gbk", "城市,姓名\n北京,王伟\n上海,李娜\n"),
            ("big5", "城市,姓名\n臺北,陳怡君\n高雄,林志明\n臺中,黃淑芬\n臺南,張家豪\n新竹,李雅婷\n"),
            ("euc-kr", "도시,이름\n서울,김민수\n부산,이영희\n대구,박지훈\n"),
            ("windows-874", "เมือง,ชื่อ\nกรุงเทพ,สมชาย\nเชียงใหม่,สมหญิง\n"),
            ("windows-1252", "Stadt,Name\nKöln,Müller\nZürich,Jäger\n"),
            ("windows-1252", "ville,nom\nNîmes,Gérard\nOrléans,Hélène\n"),
            ("windows-1252", "item,price\na,£5\nb,£7\nc,£12\nd,£3\n"),
            ("windows-1252", "t,n\n25°C,1\n26°C,2\n27°C,3\n28°C,4\n"),
            ("windows-1252", "t,n\n5 €,1\n6 €,2\n7 €,3\n8 €,4\n"),
            ("windows-1252", "t,n\n5 µg – a,1\n6 µg – b,2\n7 µg – c,3\n"),
            ("windows-1252", "by,navn\nKøbenhavn,Søren\nÅrhus,Åse\nOdense,Jørgen\n"),
            ("windows-1252", "cidade,nome\nSão Paulo,João\nBelém,Conceição\nGoiânia,Inês\n"),
            ("windows-1254", "şehir,ad\nİstanbul,Ayşe\nEskişehir,Gülşah\nMuğla,Çağla\n"),
            ("windows-1252", "ciudad,nombre\nMálaga,Muñoz\nLeón,Peña\n"),
            ("windows-1252", "city,amount\nKöln,1\nGenève,2\nMálaga,3\nKöln,4\nGenève,5\nMálaga,6\n"),
        ] {
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let (bytes, _, has_lost) = encoding.encode(text);
            assert!(!has_lost, "{label}");
            let source = Source::memory(Path::new("t"), bytes.into_owned());
            let found = guess(&source).unwrap();
            let found = found.map(|found| decoded(&encoding.encode(text).0, found));
            assert_eq!(found.as_deref(), Some(text), "{label}");
        }
    }
}
