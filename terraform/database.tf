# Aurora, and with database.replicate an Aurora Global Database built from scratch: the global cluster comes first and
# both clusters join it. Starting from an existing cluster or a snapshot is another shape (see the README).

locals {
  database_port = try(var.database.engine, "") == "aurora-mysql" ? 3306 : 5432

  # AWS does not report the standard type, so naming it would show as a change in every plan.
  database_storage_type = try(var.database.storage_type, "") == "io_optimized" ? "aurora-iopt1" : null

  # Aurora allows no hyphen in a database's name.
  database_name = replace(var.name, "-", "_")

  serverless_capacity = try(var.database.instance_class, "") == "db.serverless" ? [{
    min = var.database.serverless_min_acu
    max = var.database.serverless_max_acu
  }] : []

  database_environment = var.database == null ? {} : {
    DATABASE_PORT = tostring(local.database_port)
    DATABASE_NAME = local.database_name
  }
}

resource "aws_rds_global_cluster" "database" {
  provider = aws.primary
  count    = local.database_replicated ? 1 : 0

  # database_name is left to the primary cluster: a difference here replaces the global cluster.
  global_cluster_identifier = "${var.name}-global"
  engine                    = var.database.engine
  engine_version            = var.database.engine_version
  storage_encrypted         = true
  deletion_protection       = var.database.deletion_protection

  depends_on = [data.aws_caller_identity.target]
}

resource "aws_db_subnet_group" "primary" {
  provider = aws.primary
  count    = var.database == null ? 0 : 1

  name       = "${var.name}-database"
  subnet_ids = module.primary_region.data_subnet_ids
}

resource "aws_db_subnet_group" "failover" {
  provider = aws.failover
  count    = local.database_replicated ? 1 : 0

  name       = "${var.name}-database"
  subnet_ids = module.failover_region[0].data_subnet_ids
}

# In the primary region only. With two regions, a limit on the secondary too would block the commits of the new
# primary after a failover, when there is no secondary that keeps up.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html
resource "aws_rds_cluster_parameter_group" "managed_rpo" {
  provider = aws.primary
  count    = local.database_replicated && try(var.database.managed_rpo_s, null) != null ? 1 : 0

  name_prefix = "${var.name}-managed-rpo-"
  family      = "aurora-postgresql${split(".", var.database.engine_version)[0]}"
  description = "Commits wait when the secondary region lags more than ${var.database.managed_rpo_s} s"

  parameter {
    name  = "rds.global_db_rpo"
    value = tostring(var.database.managed_rpo_s)
  }

  depends_on = [data.aws_caller_identity.target]

  lifecycle {
    # A major version has its own family, so the new group must exist before the cluster lets go of the old one.
    create_before_destroy = true
  }
}

resource "aws_rds_cluster" "primary" {
  provider = aws.primary
  count    = var.database == null ? 0 : 1

  # Cluster identifiers must differ between the regions of a global database.
  cluster_identifier        = "${var.name}-primary"
  global_cluster_identifier = one(aws_rds_global_cluster.database[*].id)

  engine         = var.database.engine
  engine_version = var.database.engine_version
  storage_type   = local.database_storage_type
  database_name  = local.database_name

  # Write-only, so neither in the plan nor in the state. A global database cannot have its password managed by
  # Secrets Manager (manage_master_user_password). The provider wants a value beside the version even while planning,
  # where none need be known. The version stays: rotate in the database.
  master_username            = "dbadmin"
  master_password_wo         = terraform.applying ? var.database_password : "not-used-while-planning"
  master_password_wo_version = 1

  storage_encrypted = true
  kms_key_id        = aws_kms_key.primary.arn

  db_subnet_group_name            = aws_db_subnet_group.primary[0].name
  db_cluster_parameter_group_name = one(aws_rds_cluster_parameter_group.managed_rpo[*].name)
  vpc_security_group_ids          = [aws_security_group.database_primary[0].id]
  port                            = local.database_port

  backup_retention_period   = var.database.backup_retention_days
  copy_tags_to_snapshot     = true
  deletion_protection       = var.database.deletion_protection
  skip_final_snapshot       = var.database.skip_final_snapshot
  final_snapshot_identifier = var.database.skip_final_snapshot ? null : "${var.name}-primary-final"

  dynamic "serverlessv2_scaling_configuration" {
    for_each = local.serverless_capacity
    content {
      min_capacity = serverlessv2_scaling_configuration.value.min
      max_capacity = serverlessv2_scaling_configuration.value.max
    }
  }

  lifecycle {
    # After a failover this cluster is the replica and reads back a source; removing it, as the configuration would
    # have it, promotes the cluster out of the global database.
    # https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs/r/rds_cluster.html.markdown
    ignore_changes = [replication_source_identifier]

    precondition {
      condition     = !terraform.applying || var.database_password != null
      error_message = "database_password is not set. Set TF_VAR_database_password when applying, also when applying a saved plan."
    }
  }
}

resource "aws_rds_cluster_instance" "primary" {
  provider = aws.primary
  count    = var.database == null ? 0 : var.primary.database_instances

  identifier         = "${var.name}-primary-${count.index}"
  cluster_identifier = aws_rds_cluster.primary[0].id
  engine             = var.database.engine
  # The cluster upgrades its instances; a version here would fight it.
  instance_class       = var.database.instance_class
  db_subnet_group_name = aws_db_subnet_group.primary[0].name
  # Has no effect in a global database, and elsewhere it would move the version away from the configured one.
  auto_minor_version_upgrade = false
}

resource "aws_rds_cluster" "failover" {
  provider = aws.failover
  count    = local.database_replicated ? 1 : 0

  cluster_identifier            = "${var.name}-failover"
  global_cluster_identifier     = aws_rds_global_cluster.database[0].id
  replication_source_identifier = aws_rds_cluster.primary[0].arn
  # The provider signs the request for the encrypted source with this.
  source_region = var.primary_region

  # A reader here then takes writes and sends them to the primary region: what active/active needs.
  enable_global_write_forwarding = var.database.write_forwarding

  # User, password and database name come with the replicated storage.
  engine         = var.database.engine
  engine_version = var.database.engine_version
  storage_type   = local.database_storage_type

  storage_encrypted = true
  kms_key_id        = aws_kms_replica_key.failover[0].arn

  db_subnet_group_name   = aws_db_subnet_group.failover[0].name
  vpc_security_group_ids = [aws_security_group.database_failover[0].id]
  port                   = local.database_port

  backup_retention_period   = var.database.backup_retention_days
  copy_tags_to_snapshot     = true
  deletion_protection       = var.database.deletion_protection
  skip_final_snapshot       = var.database.skip_final_snapshot
  final_snapshot_identifier = var.database.skip_final_snapshot ? null : "${var.name}-failover-final"

  dynamic "serverlessv2_scaling_configuration" {
    for_each = local.serverless_capacity
    content {
      min_capacity = serverlessv2_scaling_configuration.value.min
      max_capacity = serverlessv2_scaling_configuration.value.max
    }
  }

  # A secondary cluster cannot be added while the primary has no instance that is available.
  depends_on = [aws_rds_cluster_instance.primary]

  lifecycle {
    # As above: after a failover this cluster has no source, and setting one again is not what is wanted.
    ignore_changes = [replication_source_identifier]
  }
}

# None of these in a headless secondary: then one must be added before it can take over.
resource "aws_rds_cluster_instance" "failover" {
  provider = aws.failover
  count    = local.database_replicated ? var.failover.database_instances : 0

  identifier                 = "${var.name}-failover-${count.index}"
  cluster_identifier         = aws_rds_cluster.failover[0].id
  engine                     = var.database.engine
  instance_class             = var.database.instance_class
  db_subnet_group_name       = aws_db_subnet_group.failover[0].name
  auto_minor_version_upgrade = false
}

resource "aws_security_group" "database_primary" {
  provider = aws.primary
  count    = var.database == null ? 0 : 1

  name        = "${var.name}-database"
  description = "Aurora: reached from the services only"
  vpc_id      = module.primary_region.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "database_primary" {
  provider = aws.primary
  count    = var.database == null ? 0 : 1

  security_group_id            = aws_security_group.database_primary[0].id
  referenced_security_group_id = module.primary_region.service_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.database_port
  to_port                      = local.database_port
}

resource "aws_security_group" "database_failover" {
  provider = aws.failover
  count    = local.database_replicated ? 1 : 0

  name        = "${var.name}-database"
  description = "Aurora: reached from the services only"
  vpc_id      = module.failover_region[0].vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "database_failover" {
  provider = aws.failover
  count    = local.database_replicated ? 1 : 0

  security_group_id            = aws_security_group.database_failover[0].id
  referenced_security_group_id = module.failover_region[0].service_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.database_port
  to_port                      = local.database_port
}
