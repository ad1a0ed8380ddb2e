# The six strategies, each as a new build in a (mocked) state of its own: the figures of terraform.tfvars here, changed
# as drkit would change them. The strategy itself decides nothing.

mock_provider "aws" {
  alias  = "primary"
  source = "./tests/mocks"
}

mock_provider "aws" {
  alias  = "failover"
  source = "./tests/mocks"
}

run "single_region_builds_nothing_elsewhere" {
  state_key = "single_region"

  variables {
    strategy = "single_region"
    # The switches of the replication stay on: failover_enabled alone must turn all of it off.
    failover_enabled = false
  }

  assert {
    condition     = length(module.failover_region) == 0
    error_message = "failover_enabled = false must build no failover region."
  }

  assert {
    condition = 0 == sum([
      length(aws_rds_global_cluster.database), length(aws_rds_cluster.failover), length(aws_rds_cluster_instance.failover),
      length(aws_elasticache_global_replication_group.cache), length(aws_elasticache_replication_group.failover),
      length(aws_s3_bucket_replication_configuration.to_failover), length(aws_s3_bucket_replication_configuration.to_primary),
      length(aws_kms_replica_key.failover), length(aws_ecr_replication_configuration.this), length(aws_backup_vault.failover),
      length(aws_cloudwatch_metric_alarm.database_replication_lag), length(output.health_check_ids),
    ])
    error_message = "failover_enabled = false must build no replica, health check or copy."
  }

  assert {
    condition     = length(aws_rds_cluster_instance.primary) == 2 && length(aws_backup_plan.database) == 0 && aws_rds_cluster.primary[0].backup_retention_period == 7
    error_message = "The single region keeps its database instances and Aurora's own backups, and no snapshots that go nowhere."
  }

  assert {
    condition     = length(aws_secretsmanager_secret.this["payment-key"].replica) == 0
    error_message = "A single region's secrets have no replica."
  }
}

run "backup_restore_keeps_copies_only" {
  state_key = "backup_restore"

  variables {
    strategy = "backup_restore"
    failover = merge(var.failover, { load_balancer = false, nat_gateways = 0, interface_endpoints = [], database_instances = 0, cache_replicas_per_shard = 0 })
    database = merge(var.database, { replicate = false })
    cache    = merge(var.cache, { replicate = false })
  }

  assert {
    condition     = length(aws_backup_vault.primary) == 1 && length(aws_backup_vault.failover) == 1 && length(one(aws_backup_plan.database[0].rule).copy_action) == 1
    error_message = "Backups must be copied to a vault in the failover region."
  }

  assert {
    condition     = length(aws_rds_cluster.failover) == 0 && length(aws_elasticache_replication_group.failover) == 0
    error_message = "Without replicate there is no database or cache in the failover region."
  }

  assert {
    condition     = keys(output.health_check_ids) == ["primary"] && output.load_balancer_dns_names.failover == null
    error_message = "Only the region with a load balancer is checked."
  }
}

run "pilot_light_is_headless_if_told" {
  state_key = "pilot_light"

  variables {
    strategy = "pilot_light"
    failover = merge(var.failover, { database_instances = 0 })
  }

  assert {
    condition     = length(aws_rds_cluster.failover) == 1 && length(aws_rds_cluster_instance.failover) == 0
    error_message = "A headless secondary has a cluster and no instance."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.database_replication_lag) == 1 && length(aws_cloudwatch_metric_alarm.database_cpu_failover) == 0
    error_message = "A headless secondary has a lag alarm and no processor alarm."
  }
}

run "warm_standby_replicates_everything" {
  state_key = "warm_standby"

  variables {
    strategy = "warm_standby"
    database = merge(var.database, { managed_rpo_s = 60 })
  }

  assert {
    condition     = length(aws_rds_global_cluster.database) == 1 && length(aws_rds_cluster_instance.failover) == 1
    error_message = "Aurora Global Database with one instance in the failover region."
  }

  assert {
    condition     = one(aws_rds_cluster_parameter_group.managed_rpo[0].parameter).value == "60" && aws_rds_cluster.primary[0].db_cluster_parameter_group_name == aws_rds_cluster_parameter_group.managed_rpo[0].name
    error_message = "The managed RPO must be set on the primary cluster."
  }

  assert {
    condition     = aws_elasticache_replication_group.primary[0].replication_group_id != aws_elasticache_replication_group.failover[0].replication_group_id
    error_message = "The regions' replication groups must have different ids."
  }

  assert {
    condition     = keys(aws_s3_bucket_replication_configuration.to_failover) == ["uploads"] && keys(aws_s3_bucket_replication_configuration.to_primary) == ["uploads"]
    error_message = "Only the bucket that asks for it replicates, and both ways."
  }

  assert {
    condition     = one(aws_secretsmanager_secret.this["payment-key"].replica).region == "eu-central-1"
    error_message = "Secrets must be replicated to the failover region."
  }

  assert {
    condition     = keys(output.health_check_ids) == ["failover", "primary"]
    error_message = "Both regions with a load balancer must be checked."
  }
}

run "hot_standby_runs_at_full_scale" {
  state_key = "hot_standby"

  variables {
    strategy = "hot_standby"
    failover = merge(var.failover, { nat_gateways = 2, database_instances = 2 })
  }

  assert {
    condition     = length(aws_rds_cluster_instance.failover) == length(aws_rds_cluster_instance.primary)
    error_message = "The failover region has as many database instances as asked for."
  }

  assert {
    condition     = length(aws_rds_cluster_parameter_group.managed_rpo) == 0
    error_message = "Without managed_rpo_s there is no parameter group."
  }
}

run "active_active_serves_by_latency" {
  state_key = "active_active"

  variables {
    strategy = "active_active"
    failover = merge(var.failover, { nat_gateways = 2, database_instances = 2, cache_replicas_per_shard = 2 })
    database = merge(var.database, { write_forwarding = true })
    dns      = merge(var.dns, { routing = "latency" })
  }

  assert {
    condition     = aws_rds_cluster.failover[0].enable_global_write_forwarding == true
    error_message = "The second region must take writes and forward them."
  }

  assert {
    condition     = length(output.health_check_ids) == 2
    error_message = "Both regions must be checked."
  }

  assert {
    condition     = aws_elasticache_replication_group.failover[0].num_cache_clusters == 3
    error_message = "The failover region's replicas are its own: one primary node and two replicas."
  }
}

run "a_failover_region_that_is_built_is_not_moved" {
  state_key = "active_active"
  command   = plan

  variables {
    failover_region = "eu-west-3"
    failover        = merge(var.failover, { availability_zones = ["eu-west-3a", "eu-west-3b"] })
  }

  expect_failures = [terraform_data.region]
}
