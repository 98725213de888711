//! Multipart uploads that are neither completed nor aborted, as a killed process leaves them: their parts cost what files cost,
//! and no listing of objects has them. `object_store` does not list them, so that request is made here (ListMultipartUploads).

use super::S3;
use super::requests::{Request, element, encoded};
use crate::single::UnfinishedUpload;
use crate::{BlobError, BlobKey, Result};
use http::Method;
use memoreel_kernel::Timestamp;
use object_store::multipart::MultipartStore;

/// The next page begins after this upload.
#[derive(Debug, PartialEq, Eq)]
struct Marker {
    key: String,
    id: String,
}

/// An upload as the service tells it.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    object: String,
    id: String,
    begun_at: Timestamp,
}

impl S3 {
    pub(crate) async fn unfinished(&self, prefix: &BlobKey) -> Result<Vec<UnfinishedUpload>> {
        let below = self.unfinished_of(prefix, true).await?;
        if !below.is_empty() {
            return Ok(below);
        }
        // MinIO takes a prefix for the whole name of an object, and lists none.
        match self.unfinished_of(prefix, false).await {
            // Whoever may list below a prefix alone has been answered.
            Err(BlobError::Denied(_)) => Ok(below),
            all => all,
        }
    }

    /// What is unfinished below the prefix: as the service is asked, or found in all of the bucket.
    async fn unfinished_of(&self, prefix: &BlobKey, asked: bool) -> Result<Vec<UnfinishedUpload>> {
        let own = self.prefix.as_ref().map(|own| format!("{own}/")).unwrap_or_default();
        let folder = format!("{prefix}/");
        let object_prefix = if asked { format!("{own}{folder}") } else { String::new() };
        let mut uploads = Vec::new();
        let mut marker: Option<Marker> = None;
        loop {
            let answer = self.unfinished_page(prefix, &object_prefix, marker.as_ref()).await?;
            for Listed { object, id, begun_at } in listed(&answer)? {
                // Whatever a service lists, nothing is ours that does not lie below the prefix.
                let key = object.strip_prefix(own.as_str()).filter(|key| key.starts_with(&folder));
                if let Some(key) = key.and_then(|key| BlobKey::parse(key).ok()) {
                    uploads.push(UnfinishedUpload { key, id, begun_at });
                }
            }
            let next = next_page(&answer);
            if next.is_none() {
                return Ok(uploads);
            }
            if next == marker {
                return Err(BlobError::unavailable("the list of unfinished uploads does not end"));
            }
            marker = next;
        }
    }

    async fn unfinished_page(
        &self,
        prefix: &BlobKey,
        object_prefix: &str,
        after: Option<&Marker>,
    ) -> Result<String> {
        let mut url = format!("{}?uploads=&prefix={}", self.service.bucket_url, encoded(object_prefix));
        if let Some(Marker { key, id }) = after {
            url.push_str(&format!("&key-marker={}", encoded(key)));
            if !id.is_empty() {
                url.push_str(&format!("&upload-id-marker={}", encoded(id)));
            }
        }
        let request = Request { method: Method::GET, url, headers: Vec::new(), what: "list of uploads" };
        self.request(prefix, &request).await
    }

    pub(crate) async fn abandon(&self, upload: &UnfinishedUpload) -> Result<()> {
        match self.client.abort_multipart(&self.object(&upload.key)?, &upload.id).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(BlobError::from_object_store(error, &upload.key)),
        }
    }
}

/// The uploads on a page.
fn listed(answer: &str) -> Result<Vec<Listed>> {
    let uploads = answer.split("<Upload>").skip(1).map(|rest| {
        let upload = rest.split("</Upload>").next()?;
        Some(Listed {
            object: element(upload, "Key")?,
            id: element(upload, "UploadId")?,
            begun_at: element(upload, "Initiated")?.parse().ok()?,
        })
    });
    let whole: Option<Vec<Listed>> = uploads.collect();
    whole.ok_or_else(|| BlobError::unavailable("the list of unfinished uploads cannot be read"))
}

/// Where the next page begins, if there is one.
fn next_page(answer: &str) -> Option<Marker> {
    if element(answer, "IsTruncated").as_deref() != Some("true") {
        return None;
    }
    let text = |name| element(answer, name).unwrap_or_default();
    Some(Marker { key: text("NextKeyMarker"), id: text("NextUploadIdMarker") })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the description of the protocol.
    const ANSWER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Bucket>bucket</Bucket>
  <KeyMarker></KeyMarker>
  <UploadIdMarker></UploadIdMarker>
  <NextKeyMarker>my-movie.m2ts</NextKeyMarker>
  <NextUploadIdMarker>YW55IGlkZWEgd2h5</NextUploadIdMarker>
  <MaxUploads>3</MaxUploads>
  <IsTruncated>true</IsTruncated>
  <Upload>
    <Key>my-divisor</Key>
    <UploadId>XMgbGlrZSBlbHZpbmcncyBub3QgaGF2aW5nIG11Y2ggbHVjaw</UploadId>
    <Initiator><ID>arn:aws:iam::111122223333:user/user1</ID><DisplayName>user1</DisplayName></Initiator>
    <Owner><ID>75aa57f09aa0c8ca</ID><DisplayName>OwnerDisplayName</DisplayName></Owner>
    <StorageClass>STANDARD</StorageClass>
    <Initiated>2010-11-10T20:48:33.000Z</Initiated>
  </Upload>
  <Upload>
    <Key>a &amp; b</Key>
    <UploadId>VXBsb2FkIElE</UploadId>
    <StorageClass>STANDARD</StorageClass>
    <Initiated>2010-11-10T20:49:33.000Z</Initiated>
  </Upload>
</ListMultipartUploadsResult>"#;

    #[test]
    fn a_page_of_uploads_is_read_and_followed() {
        let uploads = listed(ANSWER).unwrap();
        assert_eq!(uploads.len(), 2);
        assert_eq!(uploads[0].object, "my-divisor");
        assert_eq!(uploads[0].begun_at, "2010-11-10T20:48:33Z".parse::<Timestamp>().unwrap());
        assert_eq!((uploads[1].object.as_str(), uploads[1].id.as_str()), ("a & b", "VXBsb2FkIElE"));
        let marker = Marker { key: "my-movie.m2ts".into(), id: "YW55IGlkZWEgd2h5".into() };
        assert_eq!(next_page(ANSWER), Some(marker));
        let last = ANSWER.replace("<IsTruncated>true", "<IsTruncated>false");
        assert_eq!(next_page(&last), None);
    }

    #[test]
    fn uploads_without_their_time_are_not_guessed_at() {
        let answer = ANSWER.replace("2010-11-10T20:49:33.000Z", "yesterday");
        assert!(matches!(listed(&answer), Err(BlobError::Unavailable(_))));
        assert!(listed("<ListMultipartUploadsResult/>").unwrap().is_empty());
    }
}
