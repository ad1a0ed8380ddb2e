# The buckets are made by the region module; here they replicate to each other.

locals {
  primary_buckets  = module.primary_region.buckets
  failover_buckets = try(module.failover_region[0].buckets, {})

  # Both ways, so that objects written in the failover region come back after it served.
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-change-replica-modification.html
  replication_minutes = 15 # The one value S3 accepts for replication time control.
}

resource "aws_s3_bucket_replication_configuration" "to_failover" {
  provider = aws.primary
  for_each = local.replicated_buckets

  bucket = local.primary_buckets[each.key].name
  role   = module.single_region.replication_role_arn

  rule {
    id       = "to-failover"
    priority = 1
    status   = "Enabled"

    filter {}

    # Rules with a filter do not replicate deletions unless told to.
    delete_marker_replication {
      status = "Enabled"
    }

    source_selection_criteria {
      replica_modifications {
        status = "Enabled"
      }
    }

    destination {
      bucket        = local.failover_buckets[each.key].arn
      storage_class = "STANDARD"

      dynamic "replication_time" {
        for_each = each.value.replication_time_control ? [local.replication_minutes] : []
        content {
          status = "Enabled"
          time {
            minutes = replication_time.value
          }
        }
      }

      dynamic "metrics" {
        for_each = each.value.replication_time_control ? [local.replication_minutes] : []
        content {
          status = "Enabled"
          event_threshold {
            minutes = metrics.value
          }
        }
      }
    }
  }
}

resource "aws_s3_bucket_replication_configuration" "to_primary" {
  provider = aws.failover
  for_each = local.replicated_buckets

  bucket = local.failover_buckets[each.key].name
  role   = module.single_region.replication_role_arn

  rule {
    id       = "to-primary"
    priority = 1
    status   = "Enabled"

    filter {}

    delete_marker_replication {
      status = "Enabled"
    }

    source_selection_criteria {
      replica_modifications {
        status = "Enabled"
      }
    }

    destination {
      bucket        = local.primary_buckets[each.key].arn
      storage_class = "STANDARD"

      dynamic "replication_time" {
        for_each = each.value.replication_time_control ? [local.replication_minutes] : []
        content {
          status = "Enabled"
          time {
            minutes = replication_time.value
          }
        }
      }

      dynamic "metrics" {
        for_each = each.value.replication_time_control ? [local.replication_minutes] : []
        content {
          status = "Enabled"
          event_threshold {
            minutes = metrics.value
          }
        }
      }
    }
  }
}
