//! PDFs of one page, made here: small ones that unfold to hundreds of MiB, and honest ones that are much as well.

use flate2::{Compress, Compression, FlushCompress, write::ZlibEncoder};
use std::io::Write as _;

/// What most of them unfold to.
const MIB: usize = 400;

/// A PDF whose page has these contents and resources. Its objects are numbered from 4. Their places are left to be found.
fn pdf(contents: &str, resources: &str, objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = format!(
        "%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n\
         2 0 obj\n<< /Type /Pages /Count 1 /Kids [3 0 R] >>\nendobj\n\
         3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {contents} /Resources << {resources} >> >>\nendobj\n"
    )
    .into_bytes();
    for (at, object) in objects.iter().enumerate() {
        file.extend(format!("{} 0 obj\n", at + 4).bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    file.extend(format!("trailer\n<< /Size {} /Root 1 0 R >>\n%%EOF\n", objects.len() + 4).bytes());
    file
}

fn stream(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<< {dictionary} /Length {} >>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// A PDF whose page says this, as it stands or packed.
pub fn pdf_of(dictionary: &str, content: &[u8]) -> Vec<u8> {
    pdf("4 0 R", "", &[stream(dictionary, content)])
}

/// So many MiB of the same, packed.
fn packed(byte: u8, mib: usize) -> Vec<u8> {
    let mut packer = Compress::new(Compression::best(), false);
    let mut packed = Vec::with_capacity(64 << 10);
    packer.compress_vec(&vec![byte; 1 << 20], &mut packed, FlushCompress::Full).unwrap();
    assert_eq!(packer.total_in(), 1 << 20);
    // What begins anew after each MiB can be said again and again; an empty block ends it.
    [b"\x78\xda".as_slice(), &packed.repeat(mib), b"\x03\x00"].concat()
}

fn packed_again(bytes: &[u8]) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).chain([b'>']).collect()
}

fn base85(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for four in bytes.chunks(4) {
        let mut group = [0; 4];
        group[..four.len()].copy_from_slice(four);
        let mut number = u32::from_be_bytes(group);
        let mut five = [0; 5];
        for digit in five.iter_mut().rev() {
            *digit = b'!' + (number % 85) as u8;
            number /= 85;
        }
        text.extend(&five[..=four.len()]);
    }
    text.extend(b"~>");
    text
}

/// Codes of LZW each of which says a letter more than the one before, from the beginning again and again.
fn lzw(times: usize) -> Vec<u8> {
    let (mut packed, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    let mut put = |code: u32, width: u32| {
        bits = bits << width | code;
        count += width;
        while count >= 8 {
            count -= 8;
            packed.push((bits >> count) as u8);
        }
        bits &= (1 << count) - 1;
    };
    let mut width = 9;
    for _ in 0..times {
        put(256, width);
        put(32, 9);
        for code in 258..4_000_u32 {
            width = (32 - code.leading_zeros()).max(9);
            width += u32::from((code + 1).is_power_of_two());
            put(code, width);
        }
        width = 12;
    }
    put(257, width);
    put(0, 7);
    packed
}

/// The beginning of a progressive JPEG of so many pixels a side, in three colours.
fn jpeg(side: u16) -> Vec<u8> {
    let [a, b] = side.to_be_bytes();
    let frame = [0xff, 0xc2, 0, 17, 8, a, b, a, b, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0];
    let scan = [0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, 0];
    [&[0xff, 0xd8], frame.as_slice(), &scan, &[0; 64], &[0xff, 0xd9]].concat()
}

fn picture(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let said = format!("/Type /XObject /Subtype /Image {dictionary}");
    let shown = stream("", b"q 595 0 0 842 0 0 cm /I Do Q");
    pdf("4 0 R", "/XObject << /I 5 0 R >>", &[shown, stream(&said, content)])
}

/// Each with a name.
pub fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let flate = packed(b' ', MIB);
    let of = |dictionary: &str, content: &[u8]| pdf_of(dictionary, content);
    let inline = [b"q BI /W 9 /H 9 /BPC 8 /CS /G /F /Fl ID ".as_slice(), &flate, b" EI Q"].concat();
    let inner = stream("/Filter /FlateDecode", &flate);
    let inner = packed_again(&[b"9 0 ".as_slice(), &inner].concat());
    let among = stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", &inner);
    let font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >>".to_vec();
    let letters = stream("", b"BT /F 12 Tf 50 500 Td (abc) Tj ET");
    let row = "/Width 100 /Height 100 /BitsPerComponent 8 /ColorSpace /DeviceGray /Filter /FlateDecode \
        /DecodeParms << /Predictor 12 /Columns 250000000 >>";
    let said = "/Width 10100 /Height 10100 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /DCTDecode";
    // Says it is a picture as large as that, and is the text of the page.
    let claimed = "/Subtype /Image /Width 12000 /Height 12000 /BitsPerComponent 8 /Filter /FlateDecode";
    let indexed = "/Type /XObject /Subtype /Image /Width 9 /Height 9 /BitsPerComponent 8 \
        /ColorSpace [/Indexed /DeviceRGB 255 6 0 R]";
    vec![
        ("flate", of("/Filter /FlateDecode", &flate)),
        ("in a list", of("/Filter [ /Fl ]", &flate)),
        ("with escapes", of("/#46ilter /#46#6cateDecode % /Filter /DCTDecode\n", &flate)),
        ("twice", of("/Filter [/FlateDecode /FlateDecode]", &packed_again(&flate))),
        ("as hex", of("/Filter [/ASCIIHexDecode /FlateDecode]", &hex(&flate))),
        ("as text", of("/Filter [/A85 /Fl]", &base85(&flate))),
        ("lzw", of("/Filter /LZWDecode", &lzw(40))),
        ("lzw elsewhere", pdf("4 0 R", "", &[stream("/Filter 5 0 R", &lzw(40)), b"/LZWDecode".to_vec()])),
        (
            "lzw inside a text",
            of("", &[b"q BI /W 9 /H 9 /BPC 8 /CS /G /F /LZW ID ".as_slice(), &lzw(40), b" EI Q"].concat()),
        ),
        (
            "colours",
            pdf(
                "4 0 R",
                "/XObject << /I 5 0 R >>",
                &[
                    stream("", b"q 595 0 0 842 0 0 cm /I Do Q"),
                    stream(indexed, &[0; 81]),
                    stream(claimed, &flate),
                ],
            ),
        ),
        ("elsewhere", pdf("4 0 R", "", &[stream("/Filter 5 0 R", &flate), b"/FlateDecode".to_vec()])),
        ("said to be a picture", of(claimed, &flate)),
        ("inside a text", of("", &inline)),
        (
            "in two parts",
            pdf("[4 0 R 5 0 R]", "", &[stream("", b"BI /W 9 /H 9 /F /Fl ID"), stream("", &flate)]),
        ),
        ("among objects", pdf("4 0 R", "", &[stream("", b""), among])),
        ("inside a packed text", of("/Filter /FlateDecode", &packed_again(&inline))),
        (
            "objects",
            pdf("4 0 R", "", &[stream("", b""), stream("/Type /ObjStm /N 1 /First 4 /Filter /Fl", &flate)]),
        ),
        (
            "named often",
            pdf(
                &format!("[{}]", "4 0 R ".repeat(MIB / 3)),
                "",
                &[stream("/Filter /FlateDecode", &packed(b' ', 3))],
            ),
        ),
        (
            "letters",
            pdf("4 0 R", "/Font << /F 5 0 R >>", &[letters, font, stream("/Filter /FlateDecode", &flate)]),
        ),
        ("a row", picture(row, &packed_again(&[0; 100_000]))),
        ("a jpeg", picture(said, &jpeg(10_100))),
        ("more than its picture", picture("/Width 99 /Height 99 /Filter /FlateDecode", &flate)),
    ]
}

/// The scan of a sheet of A3 at 600 dots to the inch, in colour, with nothing on it: 200 MiB.
pub fn large_scan() -> Vec<u8> {
    let said = "/Width 7016 /Height 9921 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /FlateDecode";
    picture(said, &packed(255, 200))
}

/// A page of so many lines, which is as large as it is.
pub fn drawing(lines: usize) -> Vec<u8> {
    pdf_of("", &b"0 0 m 10 10 l S\n".repeat(lines))
}

/// A page that speaks of how PDF is written.
pub fn about_pdf() -> Vec<u8> {
    let line =
        b"(1 0 obj << /Length 9 /Filter /FlateDecode >> stream and endstream, ID and Bitstream) Tj T*\n";
    let text = [b"BT /F 9 Tf 50 800 Td 10 TL ".as_slice(), &line.repeat(60), b"ET"].concat();
    pdf("4 0 R", "", &[stream("", &text)])
}
