# One multi-region key: what is encrypted in the primary region can be read in the failover region with the replica.

resource "aws_kms_key" "primary" {
  provider = aws.primary

  description             = "${var.name}: database, secrets and backups"
  multi_region            = true
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

resource "aws_kms_alias" "primary" {
  provider = aws.primary

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.primary.key_id
}

resource "aws_kms_replica_key" "failover" {
  provider = aws.failover
  count    = var.failover_enabled ? 1 : 0

  description             = "${var.name}: database, secrets and backups (replica)"
  primary_key_arn         = aws_kms_key.primary.arn
  deletion_window_in_days = 30
}

resource "aws_kms_alias" "failover" {
  provider = aws.failover
  count    = var.failover_enabled ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_replica_key.failover[0].key_id
}

# Created without a value: whoever runs the application puts it, and Secrets Manager replicates it.
resource "aws_secretsmanager_secret" "this" {
  provider = aws.primary
  for_each = toset(var.secrets)

  name       = "${var.name}/${each.key}"
  kms_key_id = aws_kms_key.primary.arn

  dynamic "replica" {
    for_each = aws_kms_replica_key.failover
    content {
      region     = var.failover_region
      kms_key_id = replica.value.arn
    }
  }
}
