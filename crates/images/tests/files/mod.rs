//! Image files, byte by byte.

use std::io::Cursor;

/// What the EXIF data of [`oriented`] calls the camera.
pub const CAMERA: &[u8] = b"Camera obscura";

/// Red at the top left, and less of it to the right and down; green grows to the right, blue down.
pub fn gradient_png(width: u32, height: u32) -> Vec<u8> {
    let level = |at: u32, of: u32| u8::try_from(at * 255 / of.max(1)).unwrap();
    png(width, height, 2, |x, y| {
        let distance = (x * 255 / width + y * 255 / height) / 2;
        vec![255 - u8::try_from(distance).unwrap(), level(x, width), level(y, height)]
    })
}

/// One colour.
pub fn flat_png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    png(width, height, 2, |_, _| colour.to_vec())
}

/// A dark half at the left and a light one.
pub fn edge_png(width: u32, height: u32, dark: u8, light: u8) -> Vec<u8> {
    png(width, height, 2, |x, _| vec![if x < width / 2 { dark } else { light }; 3])
}

/// Nothing of it is seen.
pub fn transparent_png(width: u32, height: u32) -> Vec<u8> {
    png(width, height, 6, |_, _| vec![0, 0, 0, 0])
}

/// Nothing that compresses.
pub fn noise_png(width: u32, height: u32) -> Vec<u8> {
    let mut state = 1_u32;
    png(width, height, 2, |_, _| {
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()[0]
        };
        vec![next(), next(), next()]
    })
}

/// A file that says to be as large as that, and holds next to nothing.
pub fn png_of_header(width: u32, height: u32) -> Vec<u8> {
    png_around(width, height, 2, &zlib_stored(&[0; 64]))
}

fn png(width: u32, height: u32, colour_type: u8, mut pixel: impl FnMut(u32, u32) -> Vec<u8>) -> Vec<u8> {
    let mut rows = Vec::new();
    for y in 0..height {
        rows.push(0);
        for x in 0..width {
            rows.extend(pixel(x, y));
        }
    }
    png_around(width, height, colour_type, &zlib_stored(&rows))
}

fn png_around(width: u32, height: u32, colour_type: u8, data: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, colour_type, 0, 0, 0]].concat();
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &header), chunk(b"IDAT", data), chunk(b"IEND", b"")]
        .concat()
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&name[..], data].concat();
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], &body, &crc32(&body).to_be_bytes()].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256_u32)
        .map(|index| {
            (0..8).fold(index, |rest, _| if rest & 1 == 1 { 0xEDB8_8320 ^ (rest >> 1) } else { rest >> 1 })
        })
        .collect();
    !bytes.iter().fold(u32::MAX, |crc, byte| table[((crc ^ u32::from(*byte)) & 0xFF) as usize] ^ (crc >> 8))
}

/// Without compression (RFC 1951, 3.2.4).
fn zlib_stored(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = data.chunks(65_535).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap();
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
        stream.extend(block);
    }
    let (one, two) = data.iter().fold((1_u32, 0_u32), |(one, two), byte| {
        let one = (one + u32::from(*byte)) % 65_521;
        (one, (two + one) % 65_521)
    });
    stream.extend(((two << 16) | one).to_be_bytes());
    stream
}

/// The JPEG with EXIF data that names an orientation and a camera.
pub fn oriented(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let make = [CAMERA, &[0]].concat();
    let length = u32::try_from(make.len()).unwrap();
    let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    // 0x010F, Make: ASCII, behind the directory.
    tiff.extend([&[0x01, 0x0F, 0, 2][..], &length.to_be_bytes(), &38_u32.to_be_bytes()].concat());
    // 0x0112, Orientation: one short.
    tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    tiff.extend([0; 4]);
    assert_eq!(tiff.len(), 38);
    tiff.extend(make);
    let segment = [b"Exif\0\0", &tiff[..]].concat();
    let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &segment, &jpeg[2..]].concat()
}

/// The PNG with the profile of a camera.
pub fn png_with_profile(png: &[u8]) -> Vec<u8> {
    let data = [&b"camera\0\0"[..], &zlib_stored(&profile())].concat();
    // Behind the header.
    [&png[..33], &chunk(b"iCCP", &data), &png[33..]].concat()
}

/// The JPEG with the profile of a camera.
pub fn jpeg_with_profile(jpeg: &[u8]) -> Vec<u8> {
    let segment = [&b"ICC_PROFILE\0\x01\x01"[..], &profile()].concat();
    let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE2], &length, &segment, &jpeg[2..]].concat()
}

/// An ICC profile (version 2: a matrix and three curves) with the primaries, the white and the curve of Adobe RGB (1998).
fn profile() -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).unwrap().to_be_bytes();
    let fixed = |number: f64| ((number * 65_536.0).round() as i32).to_be_bytes();
    let xyz = |[x, y, z]: [f64; 3]| [fixed(x), fixed(y), fixed(z)].concat();
    let colour = |of: [f64; 3]| [&b"XYZ \0\0\0\0"[..], &xyz(of)].concat();
    let white = [0.9642, 1.0, 0.8249];
    // One number, with eight bits behind the point: 563 / 256.
    let curve = b"curv\0\0\0\0\0\0\0\x01\x02\x33\0\0".to_vec();
    // With two other names that are empty.
    let name = [&b"desc\0\0\0\0"[..], &number(7), b"camera\0", &[0; 81]].concat();
    let tags = [
        (b"desc", name),
        (b"cprt", b"text\0\0\0\0CC0\0".to_vec()),
        (b"wtpt", colour(white)),
        (b"rXYZ", colour([0.60974, 0.31111, 0.01947])),
        (b"gXYZ", colour([0.20528, 0.62567, 0.06087])),
        (b"bXYZ", colour([0.14919, 0.06322, 0.74457])),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];
    let start = 128 + 4 + 12 * tags.len();
    let (mut table, mut data) = (number(tags.len()).to_vec(), Vec::new());
    for (tag, value) in tags {
        table.extend([&tag[..], &number(start + data.len()), &number(value.len())].concat());
        data.extend(value);
    }
    let size = number(start + data.len());
    let kind = b"\x02\x10\0\0mntrRGB XYZ ";
    let header = [&size[..], &[0; 4], kind, &[0; 12], b"acsp", &[0; 28], &xyz(white), &[0; 48]].concat();
    [header, table, data].concat()
}

/// The pixels of a PNG without transparency, row by row.
pub fn pixels(file: &[u8]) -> Vec<[u8; 3]> {
    let mut reader = png::Decoder::new(Cursor::new(file)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    bytes.chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
}

/// By how much two pictures of the same size differ on average, in levels of 256.
pub fn difference(one: &[[u8; 3]], other: &[[u8; 3]]) -> f64 {
    assert_eq!(one.len(), other.len());
    let levels = one.as_flattened().iter().zip(other.as_flattened());
    let sum: u64 = levels.map(|(one, other)| u64::from(one.abs_diff(*other))).sum();
    sum as f64 / (one.len() * 3) as f64
}

/// Pictures of one grey each, from black to white.
pub fn animated_gif(width: u16, height: u16, frames: u8) -> Vec<u8> {
    let mut file = b"GIF89a".to_vec();
    let canvas = [width.to_le_bytes(), height.to_le_bytes()].concat();
    file.extend(&canvas);
    // Four greys for all pictures.
    file.extend([0x81, 0, 0]);
    file.extend([0_u8, 80, 160, 240].iter().flat_map(|grey| [*grey; 3]));
    file.extend(b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0");
    for frame in 0..frames {
        file.extend([0x21, 0xF9, 4, 0, 10, 0, 0, 0, 0x2C, 0, 0, 0, 0]);
        file.extend(&canvas);
        file.extend([0, 2]);
        let codes = lzw_of(frame % 4, usize::from(width) * usize::from(height));
        for block in codes.chunks(255) {
            file.push(u8::try_from(block.len()).unwrap());
            file.extend(block);
        }
        file.push(0);
    }
    file.push(0x3B);
    file
}

/// The same colour again and again, in codes of three bits, with the table cleared before they would grow.
fn lzw_of(colour: u8, pixels: usize) -> Vec<u8> {
    const CLEAR: u8 = 4;
    const END: u8 = 5;
    let mut codes = Vec::new();
    for pixel in 0..pixels {
        if pixel % 2 == 0 {
            codes.push(CLEAR);
        }
        codes.push(colour);
    }
    codes.push(END);
    let mut bytes = vec![0_u8; (codes.len() * 3).div_ceil(8)];
    for (index, code) in codes.iter().enumerate() {
        for bit in 0..3 {
            let place = index * 3 + bit;
            bytes[place / 8] |= ((code >> bit) & 1) << (place % 8);
        }
    }
    bytes
}

/// The average colour of a thumbhash, which its first bytes hold.
pub fn average(hash: &[u8]) -> (f32, f32, f32, f32) {
    let header = u32::from(hash[0]) | (u32::from(hash[1]) << 8) | (u32::from(hash[2]) << 16);
    let luminance = (header & 63) as f32 / 63.0;
    let yellow = ((header >> 6) & 63) as f32 / 31.5 - 1.0;
    let red = ((header >> 12) & 63) as f32 / 31.5 - 1.0;
    let alpha = if header >> 23 == 1 { f32::from(hash[5] & 15) / 15.0 } else { 1.0 };
    let blue = luminance - 2.0 / 3.0 * yellow;
    let first = (3.0 * luminance - blue + red) / 2.0;
    (first, first - red, blue, alpha)
}

/// How much redder than green and blue it is on average.
pub fn redness(hash: &[u8]) -> f32 {
    let (red, green, blue, _) = average(hash);
    red - green.max(blue)
}
