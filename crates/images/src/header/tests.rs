//! Headers, by bytes made for the purpose.

use super::*;
use proptest::prelude::*;

fn read(bytes: &[u8]) -> Result<Header, ImageError> {
    Header::read(bytes, &ImageLimits::default())
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], name, data, &[0; 4]].concat()
}

fn a_png(width: u32, height: u32) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let start = b"\x89PNG\r\n\x1a\n".to_vec();
    [start, chunk(b"IHDR", &header), chunk(b"IDAT", b"x"), chunk(b"IEND", b"")].concat()
}

fn a_gif(width: u16, height: u16, frames: usize) -> Vec<u8> {
    let mut file = b"GIF89a".to_vec();
    file.extend([width.to_le_bytes(), height.to_le_bytes()].concat());
    file.extend([0, 0, 0]);
    for _ in 0..frames {
        file.extend([0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 1, 0, 0]);
    }
    file.push(0x3B);
    file
}

fn a_jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut file = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 0, 0, 0xFF, 0xC0, 0, 11, 8];
    file.extend([height.to_be_bytes(), width.to_be_bytes()].concat());
    file.extend([1, 1, 0x11, 0, 0xFF, 0xDA, 0, 2, 1, 2, 3, 0xFF, 0, 4, 0xFF, 0xD9]);
    file
}

fn a_webp(width: u32, height: u32, frames: usize) -> Vec<u8> {
    let side = |pixels: u32| (pixels - 1).to_le_bytes()[..3].to_vec();
    let mut body = b"WEBPVP8X\x0a\0\0\0\x02\0\0\0".to_vec();
    body.extend([side(width), side(height)].concat());
    for _ in 0..frames {
        body.extend(b"ANMF\x02\0\0\0xx");
    }
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    [b"RIFF", &length[..], &body].concat()
}

fn boxed(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len() + 8).unwrap().to_be_bytes();
    [&length[..], name, data].concat()
}

fn an_avif(width: u32, height: u32) -> Vec<u8> {
    let size = [&[0; 4][..], &width.to_be_bytes(), &height.to_be_bytes()].concat();
    let properties = boxed(b"iprp", &boxed(b"ipco", &boxed(b"ispe", &size)));
    [boxed(b"ftyp", b"avif\0\0\0\0avifmif1"), boxed(b"meta", &[vec![0; 4], properties].concat())].concat()
}

fn all(width: u16, height: u16) -> [(InputFormat, Vec<u8>); 5] {
    let (wide, high) = (width.into(), height.into());
    [
        (InputFormat::Png, a_png(wide, high)),
        (InputFormat::Gif, a_gif(width, height, 3)),
        (InputFormat::Jpeg, a_jpeg(width, height)),
        (InputFormat::Webp, a_webp(wide, high, 3)),
        (InputFormat::Avif, an_avif(wide, high)),
    ]
}

#[test]
fn every_format_tells_its_size_and_pictures() {
    for (format, file) in all(640, 480) {
        let frames = if matches!(format, InputFormat::Gif | InputFormat::Webp) { 3 } else { 1 };
        let header = Header { format, size: Size { width: 640, height: 480 }, frames };
        assert_eq!(read(&file), Ok(header), "{format:?}");
    }
}

#[test]
fn what_would_grow_beyond_the_limits_is_refused_by_its_header() {
    for (format, file) in all(16_000, 16_000) {
        assert!(matches!(read(&file), Err(ImageError::TooLarge { .. })), "{format:?}");
    }
    for file in [
        a_png(100_000, 1),
        a_png(u32::MAX, u32::MAX),
        a_gif(10_000, 1_000, 50),
        a_gif(1, 1, 1_001),
        a_webp(5_000, 5_000, 10),
        an_avif(u32::MAX, 2),
    ] {
        assert!(matches!(read(&file), Err(ImageError::TooLarge { .. })), "{:?}", read(&file));
    }
    let limits = ImageLimits { bytes_max: 20, ..ImageLimits::default() };
    assert!(matches!(Header::read(&a_png(1, 1), &limits), Err(ImageError::TooLarge { .. })));
}

#[test]
fn of_pictures_that_move_there_must_be_a_still_one() {
    let ftyp = boxed(b"ftyp", b"avis\0\0\0\0avisavif");
    let moving = boxed(b"moov", b"tracks");
    let size = Size { width: 640, height: 480 };
    let both = [&ftyp[..], &an_avif(640, 480)[24..], &moving].concat();
    assert_eq!(read(&both), Ok(Header { format: InputFormat::Avif, size, frames: 1 }));
    let refused = read(&[ftyp, moving].concat());
    assert_eq!(refused, Err(ImageError::malformed("it has moving pictures and no still one")));
}

#[test]
fn an_image_without_pixels_or_pictures_is_malformed() {
    for file in [a_png(0, 5), a_gif(5, 5, 0), a_jpeg(0, 7), an_avif(3, 0)] {
        assert!(matches!(read(&file), Err(ImageError::Malformed { .. })), "{:?}", read(&file));
    }
}

#[test]
fn a_file_that_is_something_else_as_well_is_refused() {
    for (format, file) in all(64, 48) {
        for other in [&b"PK\x03\x04 an archive"[..], b"%PDF-1.7", b"<script>alert(1)</script>", &[7; 70_000]]
        {
            let polyglot = [&file[..], other].concat();
            assert!(matches!(read(&polyglot), Err(ImageError::Malformed { .. })), "{format:?}");
        }
        let padded = [&file[..], &[0; 100_000]].concat();
        assert!(read(&padded).is_ok(), "{format:?}");
        let noted = [&file[..], b"made by a camera"].concat();
        // HEIF has boxes for that.
        assert_eq!(read(&noted).is_ok(), format != InputFormat::Avif, "{format:?}");
    }
    let preview = [a_jpeg(64, 48), a_jpeg(8, 6)].concat();
    assert!(read(&preview).is_ok());
    let motion = [a_jpeg(64, 48), boxed(b"ftyp", b"mp42\0\0\0\0"), vec![1; 80_000]].concat();
    assert!(read(&motion).is_ok());
}

#[test]
fn what_is_no_image_is_unknown() {
    for file in [
        &b""[..],
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"BM123456",
        b"\0\0\0\x14ftypisom\0\0\0\0mp42",
    ] {
        assert_eq!(read(file), Err(ImageError::Unknown), "{file:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_stumble(
        which in 0_usize..5, cut in any::<prop::sample::Index>(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let (_, mut file) = all(300, 200)[which].clone();
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        file.truncate(cut.index(file.len() + 1));
        if let Ok(header) = read(&file) {
            prop_assert!(header.size.pixels() > 0 && header.size.pixels() * u64::from(header.frames) <= ImageLimits::default().pixels_max);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }
}
