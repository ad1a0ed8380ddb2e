# Snapshots that leave for the failover region. At home Aurora's own automated backups (database.backup_retention_days)
# hold what a wrong DELETE destroyed, which replication would copy within a second.

locals {
  backup_copied = local.backup_possible && var.backup.copy_to_failover

  # The vaults are there without copies too: they cost nothing, and AWS deletes none with a backup in it, as there would
  # be when a system grows from backup and restore to another strategy.
  backup_possible = var.database != null && var.failover_enabled

  # AWS Backup takes cron expressions only. An interval that does not divide the day (or month) starts anew at its
  # end, so two backups may lie closer together than the interval, never further apart.
  backup_schedule = (
    var.backup.interval_hours == 1 ? "cron(0 * * * ? *)"
    : var.backup.interval_hours < 24 ? "cron(0 0/${var.backup.interval_hours} * * ? *)"
    : var.backup.interval_hours == 24 ? "cron(0 5 * * ? *)"
    : var.backup.interval_hours == 168 ? "cron(0 5 ? * SUN *)"
    : "cron(0 5 1/${var.backup.interval_hours / 24} * ? *)"
  )
}

resource "aws_backup_vault" "primary" {
  provider = aws.primary
  count    = local.backup_possible ? 1 : 0

  name        = "${var.name}-${var.primary_region}"
  kms_key_arn = aws_kms_key.primary.arn
}

resource "aws_backup_vault" "failover" {
  provider = aws.failover
  count    = local.backup_possible ? 1 : 0

  name        = "${var.name}-${var.failover_region}"
  kms_key_arn = aws_kms_replica_key.failover[0].arn
}

resource "aws_backup_plan" "database" {
  provider = aws.primary
  count    = local.backup_copied ? 1 : 0

  name = "${var.name}-database"

  rule {
    rule_name         = "every-${var.backup.interval_hours}-hours"
    target_vault_name = aws_backup_vault.primary[0].name
    schedule          = local.backup_schedule
    # Minutes. The default lets a backup start up to 8 hours late, which would add to the recovery point.
    start_window      = 60
    completion_window = 1440

    lifecycle {
      delete_after = var.backup.retention_days
    }

    dynamic "copy_action" {
      for_each = aws_backup_vault.failover
      content {
        destination_vault_arn = copy_action.value.arn

        lifecycle {
          delete_after = var.backup.retention_days
        }
      }
    }
  }
}

resource "aws_backup_selection" "database" {
  provider = aws.primary
  count    = local.backup_copied ? 1 : 0

  name         = "${var.name}-database"
  plan_id      = aws_backup_plan.database[0].id
  iam_role_arn = module.single_region.backup_role_arn
  resources    = [aws_rds_cluster.primary[0].arn]
}
