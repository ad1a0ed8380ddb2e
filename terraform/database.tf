# Aurora, and with database.replicate an Aurora Global Database. `database_source` says how its primary cluster comes to
# be, which decides how the global cluster is made:
#
#   new                 the global cluster first, empty; the primary cluster is created in it, the failover cluster joins
#   existing, snapshot  the primary cluster first; the global cluster is made around it, the failover cluster joins
#
# One global cluster cannot serve both: its reference to the cluster and the cluster's to it would be a cycle. Nor can a
# cluster be moved from one to the other: AWS adds no existing cluster to a global cluster.
# https://github.com/hashicorp/terraform-provider-aws/issues/10965

locals {
  database_port = try(var.database.engine, "") == "aurora-mysql" ? 3306 : 5432

  # AWS does not report the standard type, so naming it would show as a change in every plan.
  database_storage_type = try(var.database.storage_type, "") == "io_optimized" ? "aurora-iopt1" : null

  # Aurora allows no hyphen in a database's name. A cluster that was not created here has its own name.
  database_name = replace(var.name, "-", "_")

  # Named by region, not by role: a region that is promoted for good keeps its cluster (README, "Promote for good").
  database_identifier = coalesce(var.database_source.cluster_identifier, "${var.name}-${var.primary_region}")

  database_new      = var.database_source.mode == "new"
  database_imported = var.database != null && var.database_source.cluster_identifier != null

  global_cluster_id = one(concat(aws_rds_global_cluster.database[*].global_cluster_identifier, aws_rds_global_cluster.adopted[*].global_cluster_identifier))

  # The global cluster that the primary cluster is in, or "".
  database_membership = try(aws_rds_cluster.primary[0].global_cluster_identifier, null) == null ? "" : aws_rds_cluster.primary[0].global_cluster_identifier

  serverless_capacity = try(var.database.instance_class, "") == "db.serverless" ? [{
    min = var.database.serverless_min_acu
    max = var.database.serverless_max_acu
  }] : []

  # aurora-postgresql16, aurora-mysql8.0
  database_version = split(".", try(var.database.engine_version, "0.0"))
  database_family  = try(var.database.engine, "") == "aurora-mysql" ? "aurora-mysql${local.database_version[0]}.${local.database_version[1]}" : "aurora-postgresql${local.database_version[0]}"

  database_environment = var.database == null ? {} : {
    DATABASE_PORT = tostring(local.database_port)
    DATABASE_NAME = local.database_new ? local.database_name : coalesce(one(aws_rds_cluster.primary[*].database_name), local.database_name)
  }
}

resource "aws_rds_global_cluster" "database" {
  provider = aws.primary
  count    = local.database_replicated && local.database_new ? 1 : 0

  # database_name is left to the primary cluster: a difference here replaces the global cluster.
  global_cluster_identifier = "${var.name}-global"
  engine                    = var.database.engine
  engine_version            = var.database.engine_version
  storage_encrypted         = true
  deletion_protection       = var.database.deletion_protection

  # When the failover region is removed, the primary cluster has to leave before this can go.
  force_destroy = true
}

resource "aws_rds_global_cluster" "adopted" {
  provider = aws.primary
  count    = local.database_replicated && !local.database_new ? 1 : 0

  # Another name than above, so that a plan can tell which of the two a cluster is in.
  global_cluster_identifier    = "${var.name}-global-adopted"
  source_db_cluster_identifier = aws_rds_cluster.primary[0].arn
  deletion_protection          = var.database.deletion_protection

  # The provider wants it beside a source. It makes the members leave; it deletes none of them.
  force_destroy = true

  # AWS adds a cluster that has an instance only.
  depends_on = [aws_rds_cluster_instance.primary]

  lifecycle {
    # A different source would replace the global cluster and make its members leave.
    # https://github.com/hashicorp/terraform-provider-aws/issues/34203
    ignore_changes = [source_db_cluster_identifier]
  }
}

# A cluster that was made elsewhere comes under this stack's care, where database_source names it.
import {
  for_each = toset(local.database_imported ? [var.database_source.cluster_identifier] : [])
  to       = aws_rds_cluster.primary[0]
  id       = each.key
}

import {
  for_each = { for index, identifier in local.database_imported ? var.database_source.instance_identifiers : [] : tostring(index) => identifier }
  to       = aws_rds_cluster_instance.primary[each.key]
  id       = each.value
}

resource "aws_db_subnet_group" "primary" {
  provider = aws.primary
  count    = var.database == null || local.database_imported ? 0 : 1

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
  family      = local.database_family
  description = "Commits wait when the secondary region lags more than ${var.database.managed_rpo_s} s"

  parameter {
    name  = "rds.global_db_rpo"
    value = tostring(var.database.managed_rpo_s)
  }

  lifecycle {
    # A major version has its own family, so the new group must exist before the cluster lets go of the old one.
    create_before_destroy = true
  }
}

resource "aws_rds_cluster" "primary" {
  provider = aws.primary
  count    = var.database == null ? 0 : 1

  cluster_identifier        = local.database_identifier
  global_cluster_identifier = one(aws_rds_global_cluster.database[*].global_cluster_identifier)
  # Does nothing until the cluster is the secondary one. AWS takes it from members only, and with the other modes this
  # one becomes a member later.
  enable_global_write_forwarding = local.database_replicated && local.database_new && try(var.database.write_forwarding, false)

  snapshot_identifier = var.database_source.snapshot_identifier

  engine         = var.database.engine
  engine_version = var.database.engine_version
  storage_type   = local.database_storage_type
  database_name  = local.database_new ? local.database_name : null

  # Write-only, so neither in the plan nor in the state. A global database cannot have its password managed by
  # Secrets Manager (manage_master_user_password). The provider wants a value beside the version even while planning,
  # where none need be known. An imported cluster keeps its password, and so does every cluster later: rotate it in the
  # database.
  master_username            = local.database_new ? "dbadmin" : null
  master_password_wo         = local.database_imported ? null : terraform.applying ? var.database_password : "not-used-while-planning"
  master_password_wo_version = local.database_imported ? null : 1

  storage_encrypted = true
  kms_key_id        = aws_kms_key.primary.arn

  db_subnet_group_name = one(aws_db_subnet_group.primary[*].name)
  # AWS's default is named, because leaving it out would not let go of the group above.
  db_cluster_parameter_group_name = try(aws_rds_cluster_parameter_group.managed_rpo[0].name, local.database_imported ? null : "default.${local.database_family}")
  vpc_security_group_ids          = local.database_imported ? null : aws_security_group.database_primary[*].id
  port                            = local.database_port

  # What is applied happens now: who resizes for a failover cannot wait for the maintenance window.
  apply_immediately = true

  backup_retention_period   = var.database.backup_retention_days
  copy_tags_to_snapshot     = true
  deletion_protection       = var.database.deletion_protection
  skip_final_snapshot       = var.database.skip_final_snapshot
  final_snapshot_identifier = var.database.skip_final_snapshot ? null : "${local.database_identifier}-final"

  dynamic "serverlessv2_scaling_configuration" {
    for_each = local.serverless_capacity
    content {
      min_capacity = serverlessv2_scaling_configuration.value.min
      max_capacity = serverlessv2_scaling_configuration.value.max
    }
  }

  lifecycle {
    ignore_changes = [
      # After a failover this cluster is the replica and reads back a source; removing it, as the configuration would
      # have it, promotes the cluster out of the global database.
      # https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs/r/rds_cluster.html.markdown
      replication_source_identifier,
      # Read back where the global cluster was made around this one, or made this one leave; only creating sets it.
      global_cluster_identifier,
      # Each of these replaces the cluster, and with it the data. No apply may do that: an imported or restored
      # cluster, or a promoted one, keeps what it has.
      availability_zones, cluster_identifier, database_name, db_subnet_group_name, engine, kms_key_id, master_username,
      port, snapshot_identifier, source_region, storage_encrypted,
      # Sent when the cluster is made. A change would send the password again, also to a cluster that has its own.
      master_password_wo_version,
    ]

    precondition {
      condition     = !terraform.applying || local.database_imported || var.database_password != null
      error_message = "database_password is not set. Set TF_VAR_database_password when applying, also when applying a saved plan."
    }

    precondition {
      condition     = var.database_source.mode != "existing" || local.database_imported || !local.nothing_built
      error_message = "database_source.mode is \"existing\", but this stack has built no cluster yet and cluster_identifier names none to import. Name it, or set mode = \"new\"."
    }

    postcondition {
      condition     = !local.database_replicated || self.storage_encrypted
      error_message = "Cluster ${local.database_identifier} is not encrypted, and its replica here would be: a global database has one or the other. Restore it from an encrypted snapshot with database_source.mode = \"snapshot\"."
    }

    postcondition {
      condition     = !local.database_replicated || length(self.master_user_secret) == 0
      error_message = "Secrets Manager manages the password of cluster ${local.database_identifier}, which a global database does not allow. Give it a password of its own first: aws rds modify-db-cluster --no-manage-master-user-password --master-user-password."
    }

    postcondition {
      condition     = self.engine == var.database.engine
      error_message = "Cluster ${local.database_identifier} runs ${self.engine}, but database.engine is ${var.database.engine}, and no apply changes that."
    }

    postcondition {
      condition     = local.database_replicated || coalesce(self.replication_source_identifier, "none") == "none"
      error_message = "Cluster ${local.database_identifier} is the replica at the moment: the failover region, which writes, would be removed. Fail back first."
    }

    postcondition {
      condition     = self.port == local.database_port
      error_message = "Cluster ${local.database_identifier} listens on port ${self.port}, but this stack opens ${local.database_port}, the engine's own. Restore it from a snapshot with database_source.mode = \"snapshot\"."
    }
  }
}

resource "aws_rds_cluster_instance" "primary" {
  provider = aws.primary
  # By key, because an import block cannot name an instance by number.
  for_each = toset([for index in range(var.database == null ? 0 : var.primary.database_instances) : tostring(index)])

  identifier         = try(var.database_source.instance_identifiers[tonumber(each.key)], "${local.database_identifier}-${each.key}")
  cluster_identifier = aws_rds_cluster.primary[0].id
  engine             = var.database.engine
  # The cluster upgrades its instances and places them; a version or subnet group here would fight it.
  instance_class = var.database.instance_class
  # Has no effect in a global database, and elsewhere it would move the version away from the configured one.
  auto_minor_version_upgrade = false
  apply_immediately          = true

  lifecycle {
    # An instance that was imported keeps its name, whatever database_source says later.
    ignore_changes = [identifier]
  }
}

resource "aws_rds_cluster" "failover" {
  provider = aws.failover
  count    = local.database_replicated ? 1 : 0

  cluster_identifier            = "${var.name}-${var.failover_region}"
  global_cluster_identifier     = local.global_cluster_id
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

  apply_immediately = true

  backup_retention_period   = var.database.backup_retention_days
  copy_tags_to_snapshot     = true
  deletion_protection       = var.database.deletion_protection
  skip_final_snapshot       = var.database.skip_final_snapshot
  final_snapshot_identifier = var.database.skip_final_snapshot ? null : "${var.name}-${var.failover_region}-final"

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
    ignore_changes = [
      availability_zones, cluster_identifier, database_name, db_subnet_group_name, engine, global_cluster_identifier,
      kms_key_id, master_username, port, replication_source_identifier, source_region, storage_encrypted,
    ]

    # Without this, changing the mode would empty one global cluster to fill another, or put a replica into an empty one.
    precondition {
      condition = contains(local.database_new ? [local.global_cluster_id] : ["", local.global_cluster_id], local.database_membership)
      error_message = (
        local.database_new
        ? "Cluster ${local.database_identifier} is there already and in no global cluster of database_source.mode = \"new\". Set database_source = { mode = \"existing\" } to build the global cluster around it."
        : "Cluster ${local.database_identifier} is in the global cluster ${local.database_membership}. Set database_source = { mode = \"new\" }, with which it was made, or remove the failover region first."
      )
    }
  }
}

# None of these in a headless secondary: then one must be added before it can take over.
resource "aws_rds_cluster_instance" "failover" {
  provider = aws.failover
  for_each = toset([for index in range(local.database_replicated ? var.failover.database_instances : 0) : tostring(index)])

  identifier                 = "${var.name}-${var.failover_region}-${each.key}"
  cluster_identifier         = aws_rds_cluster.failover[0].id
  engine                     = var.database.engine
  instance_class             = var.database.instance_class
  auto_minor_version_upgrade = false
  apply_immediately          = true
}

resource "aws_security_group" "database_primary" {
  provider = aws.primary
  count    = var.database == null || local.database_imported ? 0 : 1

  name        = "${var.name}-database"
  description = "Aurora: reached from the services only"
  vpc_id      = module.primary_region.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "database_primary" {
  provider = aws.primary
  count    = length(aws_security_group.database_primary)

  security_group_id            = aws_security_group.database_primary[0].id
  referenced_security_group_id = module.primary_region.service_security_group_id
  description                  = "Services"
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
  description                  = "Services"
  ip_protocol                  = "tcp"
  from_port                    = local.database_port
  to_port                      = local.database_port
}
