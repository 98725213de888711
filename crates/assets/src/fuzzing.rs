//! What the fuzz targets hold against any bytes.

pub use crate::jobs::fuzz_content_range as content_range;
pub use crate::routes::{
    fuzz_conditions as conditions, fuzz_span as clip, fuzz_upload_headers as upload_headers,
};

use crate::delivery::{DomainPattern, OriginPattern};

/// Reads a text as an origin and as a domain of a delivery policy. What is taken has one spelling, which is taken again, and an origin
/// is found among the patterns that the index of policies is asked for.
///
/// # Panics
/// When that is not so.
pub fn web_addresses(text: &str, presented: &str) {
    if let Ok(origin) = OriginPattern::parse(text) {
        assert_eq!(OriginPattern::parse(origin.as_str()).as_ref(), Ok(&origin));
        if origin.matches(presented).is_some() {
            let all = OriginPattern::all_for(presented);
            assert!(all.iter().any(|pattern| pattern == origin.as_str()), "{origin:?} {presented:?} {all:?}");
        }
    }
    if let Ok(domain) = DomainPattern::parse(text) {
        assert_eq!(DomainPattern::parse(domain.as_str()).as_ref(), Ok(&domain));
        assert!(!domain.matches("") && !domain.matches("."), "{domain:?}");
    }
}
