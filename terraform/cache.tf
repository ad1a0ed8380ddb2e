# ElastiCache, and with cache.replicate a Global Datastore: the primary group is made first, the global group around
# it, and the failover group joins.

locals {
  cache_port = 6379

  # AWS has a default parameter group per engine family, with a second one for cluster mode:
  # redis5.0, redis6.x, redis7, valkey7, valkey8.
  cache_major   = var.cache == null ? 0 : tonumber(split(".", var.cache.engine_version)[0])
  cache_family  = var.cache == null ? "" : var.cache.engine == "valkey" ? "valkey${local.cache_major}" : local.cache_major == 5 ? "redis5.0" : local.cache_major == 6 ? "redis6.x" : "redis${local.cache_major}"
  cache_sharded = try(var.cache.shards, 1) > 1

  # Cluster mode always fails over by itself; without it a replica is needed. A secondary takes this over from the
  # primary, whatever it asks for.
  cache_automatic_failover = local.cache_sharded || var.primary.cache_replicas_per_shard > 0

  # The first node's name, for alarms: node metrics have no replication group dimension.
  cache_first_node_suffix = local.cache_sharded ? "-0001-001" : "-001"
}

resource "aws_elasticache_subnet_group" "primary" {
  provider = aws.primary
  count    = var.cache == null ? 0 : 1

  name       = "${var.name}-cache"
  subnet_ids = module.primary_region.data_subnet_ids
}

resource "aws_elasticache_subnet_group" "failover" {
  provider = aws.failover
  count    = local.cache_replicated ? 1 : 0

  name       = "${var.name}-cache"
  subnet_ids = module.failover_region[0].data_subnet_ids
}

resource "aws_elasticache_replication_group" "primary" {
  provider = aws.primary
  count    = var.cache == null ? 0 : 1

  # The two regions need different ids: the provider finds the members of a global group by id alone and would wait
  # for the other region's when destroying.
  replication_group_id = "${var.name}-${var.primary_region}"
  description          = "${var.name} cache in ${var.primary_region}"

  engine               = var.cache.engine
  engine_version       = var.cache.engine_version
  node_type            = var.cache.node_type
  parameter_group_name = "default.${local.cache_family}${local.cache_sharded ? ".cluster.on" : ""}"
  port                 = local.cache_port

  num_cache_clusters      = local.cache_sharded ? null : 1 + var.primary.cache_replicas_per_shard
  num_node_groups         = local.cache_sharded ? var.cache.shards : null
  replicas_per_node_group = local.cache_sharded ? var.primary.cache_replicas_per_shard : null

  automatic_failover_enabled = local.cache_automatic_failover
  multi_az_enabled           = var.primary.cache_replicas_per_shard > 0

  at_rest_encryption_enabled = true
  transit_encryption_enabled = true

  # As for the database: not in the maintenance window, but now.
  apply_immediately = true

  subnet_group_name        = aws_elasticache_subnet_group.primary[0].name
  security_group_ids       = [aws_security_group.cache_primary[0].id]
  snapshot_retention_limit = var.cache.snapshot_retention_days
  # The secondary's content is the primary's, so one snapshot is enough.
  final_snapshot_identifier = var.cache.skip_final_snapshot ? null : "${var.name}-${var.primary_region}-final"
}

resource "aws_elasticache_global_replication_group" "cache" {
  provider = aws.primary
  count    = local.cache_replicated ? 1 : 0

  global_replication_group_id_suffix   = var.name
  global_replication_group_description = "${var.name} cache in both regions"
  primary_replication_group_id         = aws_elasticache_replication_group.primary[0].id

  lifecycle {
    # Reads back whichever member is primary. After a failover that is the other one, and the difference would
    # replace the global group and with it the group that now serves.
    # https://github.com/hashicorp/terraform-provider-aws/pull/47913
    ignore_changes = [primary_replication_group_id]
  }
}

resource "aws_elasticache_replication_group" "failover" {
  provider = aws.failover
  count    = local.cache_replicated ? 1 : 0

  replication_group_id        = "${var.name}-${var.failover_region}"
  description                 = "${var.name} cache in ${var.failover_region}"
  global_replication_group_id = aws_elasticache_global_replication_group.cache[0].global_replication_group_id

  # Engine, version, node type, shards, parameters and encryption come from the global group; giving them is refused.
  # https://github.com/hashicorp/terraform-provider-aws/issues/22528
  num_cache_clusters      = local.cache_sharded ? null : 1 + var.failover.cache_replicas_per_shard
  replicas_per_node_group = local.cache_sharded ? var.failover.cache_replicas_per_shard : null

  automatic_failover_enabled = local.cache_automatic_failover
  multi_az_enabled           = local.cache_automatic_failover && var.failover.cache_replicas_per_shard > 0

  apply_immediately = true

  port                     = local.cache_port
  subnet_group_name        = aws_elasticache_subnet_group.failover[0].name
  security_group_ids       = [aws_security_group.cache_failover[0].id]
  snapshot_retention_limit = var.cache.snapshot_retention_days

  lifecycle {
    # Provider 5 fills in redis where nothing is given; a Valkey group would then be replaced by the next apply.
    ignore_changes = [engine]
  }
}

resource "aws_security_group" "cache_primary" {
  provider = aws.primary
  count    = var.cache == null ? 0 : 1

  name        = "${var.name}-cache"
  description = "ElastiCache: reached from the services only"
  vpc_id      = module.primary_region.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "cache_primary" {
  provider = aws.primary
  count    = var.cache == null ? 0 : 1

  security_group_id            = aws_security_group.cache_primary[0].id
  referenced_security_group_id = module.primary_region.service_security_group_id
  description                  = "Services"
  ip_protocol                  = "tcp"
  from_port                    = local.cache_port
  to_port                      = local.cache_port
}

resource "aws_security_group" "cache_failover" {
  provider = aws.failover
  count    = local.cache_replicated ? 1 : 0

  name        = "${var.name}-cache"
  description = "ElastiCache: reached from the services only"
  vpc_id      = module.failover_region[0].vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "cache_failover" {
  provider = aws.failover
  count    = local.cache_replicated ? 1 : 0

  security_group_id            = aws_security_group.cache_failover[0].id
  referenced_security_group_id = module.failover_region[0].service_security_group_id
  description                  = "Services"
  ip_protocol                  = "tcp"
  from_port                    = local.cache_port
  to_port                      = local.cache_port
}
