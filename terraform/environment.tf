# What the tasks of each region find in their environment: always their own region's endpoints. The VPCs are not
# connected, so a task cannot reach the other region's; the regional writer endpoint of the failover cluster and the
# failover cache accept writes once they are promoted. With write forwarding the failover region's readers take writes,
# so DATABASE_HOST names them; once the region is promoted, its writer is DATABASE_WRITER_HOST.

locals {
  bucket_variables = {
    for name in keys(var.buckets) : name => "BUCKET_${upper(replace(name, "-", "_"))}"
  }

  primary_environment = merge(
    local.database_environment,
    var.database == null ? {} : {
      DATABASE_HOST        = one(aws_rds_cluster.primary[*].endpoint)
      DATABASE_WRITER_HOST = one(aws_rds_cluster.primary[*].endpoint)
      DATABASE_READER_HOST = one(aws_rds_cluster.primary[*].reader_endpoint)
    },
    var.cache == null ? {} : {
      CACHE_PORT = tostring(local.cache_port)
      CACHE_HOST = local.cache_sharded ? one(aws_elasticache_replication_group.primary[*].configuration_endpoint_address) : one(aws_elasticache_replication_group.primary[*].primary_endpoint_address)
    },
    { for name, variable in local.bucket_variables : variable => local.primary_buckets[name].name },
  )

  failover_environment = merge(
    local.database_replicated ? merge(local.database_environment, {
      DATABASE_HOST        = var.database.write_forwarding ? one(aws_rds_cluster.failover[*].reader_endpoint) : one(aws_rds_cluster.failover[*].endpoint)
      DATABASE_WRITER_HOST = one(aws_rds_cluster.failover[*].endpoint)
      DATABASE_READER_HOST = one(aws_rds_cluster.failover[*].reader_endpoint)
    }) : {},
    local.cache_replicated ? {
      CACHE_PORT = tostring(local.cache_port)
      CACHE_HOST = local.cache_sharded ? one(aws_elasticache_replication_group.failover[*].configuration_endpoint_address) : one(aws_elasticache_replication_group.failover[*].primary_endpoint_address)
    } : {},
    { for name in keys(local.replicated_buckets) : local.bucket_variables[name] => local.failover_buckets[name].name },
  )
}
