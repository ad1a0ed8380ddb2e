locals {
  # Bucket names are unique in all of AWS, and at most 63 characters long.
  long_bucket_names = { for name in var.bucket_names : name => "${var.name}-${name}-${var.region}-${var.account_id}" }
  full_bucket_names = {
    for name, long in local.long_bucket_names :
    name => length(long) <= 63 ? long : "${substr(long, 0, 54)}-${substr(md5(long), 0, 8)}"
  }
}

resource "aws_s3_bucket" "this" {
  for_each = local.full_bucket_names

  bucket = each.value
}

# Replication needs versions on both sides, and they are what brings back a deleted or overwritten object.
resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

# S3's own key: with the stack's key, every request would be billed by KMS too, and replication would need it.
resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # The provider's documentation asks for this order on versioned buckets.
  depends_on = [aws_s3_bucket_versioning.this]
}
