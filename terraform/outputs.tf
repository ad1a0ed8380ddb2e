output "regions" {
  description = "The region names by role; failover is null when it is not built."
  value = {
    primary  = var.primary_region
    failover = var.failover_enabled ? var.failover_region : null
  }
}

output "application_url" {
  description = "Where the application answers: CloudFront if built, else the Route 53 name, else the primary load balancer."
  value       = module.single_region.application_url
}

output "name_servers" {
  description = "Name servers of the Route 53 zone; the parent domain must delegate to them. Empty without a zone."
  value       = module.single_region.name_servers
}

output "health_check_ids" {
  description = "Route 53 health checks by role."
  value       = module.single_region.health_check_ids
}

output "load_balancer_dns_names" {
  description = "Load balancer names by role; null where there is none."
  value = {
    primary  = module.primary_region.load_balancer_dns_name
    failover = try(module.failover_region[0].load_balancer_dns_name, null)
  }
}

output "ecs_cluster_names" {
  description = "ECS clusters by role, to scale services in a recovery."
  value = {
    primary  = module.primary_region.ecs_cluster_name
    failover = try(module.failover_region[0].ecs_cluster_name, null)
  }
}

output "repository_urls" {
  description = "Where to push each service's image: the primary region's registry, which replicates."
  value       = module.primary_region.repository_urls
}

output "bucket_names" {
  description = "Full bucket names by role and short name."
  value = {
    primary  = { for name, bucket in local.primary_buckets : name => bucket.name }
    failover = { for name, bucket in local.failover_buckets : name => bucket.name }
  }
}

output "secret_arns" {
  description = "Secrets in the primary region by name; they are empty until somebody puts a value."
  value       = local.secret_arns
}

output "global_cluster_id" {
  description = "Aurora global cluster, for switchover and failover; null if the database is not replicated."
  value       = local.global_cluster_id
}

output "database_cluster_arns" {
  description = "Aurora clusters by role; null where there is none. A failover names the target by ARN."
  value = {
    primary  = one(aws_rds_cluster.primary[*].arn)
    failover = one(aws_rds_cluster.failover[*].arn)
  }
}

output "database_endpoints" {
  description = "Writer endpoints by role; the failover one takes writes after promotion."
  value = {
    primary  = one(aws_rds_cluster.primary[*].endpoint)
    failover = one(aws_rds_cluster.failover[*].endpoint)
  }
}

output "global_replication_group_id" {
  description = "ElastiCache global group, for failover; null if the cache is not replicated."
  value       = one(aws_elasticache_global_replication_group.cache[*].global_replication_group_id)
}

output "replication_group_ids" {
  description = "ElastiCache groups by role; null where there is none."
  value = {
    primary  = one(aws_elasticache_replication_group.primary[*].id)
    failover = one(aws_elasticache_replication_group.failover[*].id)
  }
}

output "backup_vaults" {
  description = "AWS Backup vaults by role; null where there is none."
  value = {
    primary  = one(aws_backup_vault.primary[*].name)
    failover = one(aws_backup_vault.failover[*].name)
  }
}

output "kms_key_arns" {
  description = "The multi-region key and its replica by role."
  value = {
    primary  = aws_kms_key.primary.arn
    failover = one(aws_kms_replica_key.failover[*].arn)
  }
}
