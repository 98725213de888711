//! The objects of the server as files, and a list of its multipart uploads that are not finished: `s3s-fs` has those, and does
//! not list them.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput,
    DeleteObjectsOutput, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsV2Input, ListObjectsV2Output,
    MultipartUpload, PutObjectInput, PutObjectOutput, UploadPartCopyInput, UploadPartCopyOutput,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result};
use s3s_fs::FileSystem;
use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

/// Uploads on a page: so few that tests meet several pages.
const UPLOADS_PER_PAGE: usize = 2;

/// An upload that was begun once.
#[derive(Clone)]
struct Begun {
    bucket: String,
    key: String,
    id: String,
    at: SystemTime,
}

pub(crate) struct Files {
    files: FileSystem,
    root: PathBuf,
    begun: Mutex<Vec<Begun>>,
}

impl Files {
    pub(crate) fn new(files: FileSystem, root: &Path) -> Self {
        Self { files, root: root.to_owned(), begun: Mutex::default() }
    }

    /// What was begun in a bucket below a prefix and is there still, in the order of keys.
    fn open(&self, bucket: &str, prefix: &str) -> Vec<Begun> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.retain(|upload| self.root.join(format!(".upload-{}.json", upload.id)).exists());
        let wanted = begun.iter().filter(|upload| upload.bucket == bucket && upload.key.starts_with(prefix));
        let mut open: Vec<Begun> = wanted.cloned().collect();
        drop(begun);
        open.sort_by(|a, b| (&a.key, &a.id).cmp(&(&b.key, &b.id)));
        open
    }
}

#[async_trait::async_trait]
impl S3 for Files {
    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        let answer = self.files.create_multipart_upload(req).await?;
        if let Some(id) = answer.output.upload_id.clone() {
            let upload = Begun { bucket, key, id, at: SystemTime::now() };
            self.begun.lock().unwrap_or_else(PoisonError::into_inner).push(upload);
        }
        Ok(answer)
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = req.input;
        let mut open = self.open(&input.bucket, input.prefix.as_deref().unwrap_or_default());
        if let Some(key) = &input.key_marker {
            // Without an upload, the marker means all of its key.
            open.retain(|upload| match &input.upload_id_marker {
                Some(id) => (&upload.key, &upload.id) > (key, id),
                None => upload.key > *key,
            });
        }
        let is_truncated = open.len() > UPLOADS_PER_PAGE;
        open.truncate(UPLOADS_PER_PAGE);
        let last = open.last().filter(|_| is_truncated);
        let output = ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            is_truncated: Some(is_truncated),
            next_key_marker: last.map(|upload| upload.key.clone()),
            next_upload_id_marker: last.map(|upload| upload.id.clone()),
            prefix: input.prefix,
            uploads: Some(open.into_iter().map(listed).collect()),
            ..ListMultipartUploadsOutput::default()
        };
        Ok(S3Response::new(output))
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.files.abort_multipart_upload(req).await
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        self.files.complete_multipart_upload(req).await
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        self.files.copy_object(req).await
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.files.delete_object(req).await
    }

    async fn delete_objects(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        self.files.delete_objects(req).await
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.files.get_object(req).await
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        self.files.head_object(req).await
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.files.list_objects_v2(req).await
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        self.files.put_object(req).await
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        self.files.upload_part(req).await
    }

    async fn upload_part_copy(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        self.files.upload_part_copy(req).await
    }
}

fn listed(upload: Begun) -> MultipartUpload {
    MultipartUpload {
        initiated: Some(upload.at.into()),
        key: Some(upload.key),
        upload_id: Some(upload.id),
        ..MultipartUpload::default()
    }
}
