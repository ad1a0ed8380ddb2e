# Designs that AWS would refuse, or that contradict themselves, are refused while planning. A variable whose
# validation looks at another one is not judged while that one is wrong, hence several runs.

mock_provider "aws" {
  alias  = "primary"
  source = "./tests/mocks"
}

mock_provider "aws" {
  alias  = "failover"
  source = "./tests/mocks"
}

variables {
  strategy          = "warm_standby"
  name              = "webshop"
  account_id        = "123456789012"
  primary_region    = "eu-west-1"
  failover_region   = "eu-central-1"
  failover_enabled  = true
  database_password = "for-tests-only"

  primary = {
    availability_zones       = ["eu-west-1a", "eu-west-1b"]
    vpc_cidr                 = "10.0.0.0/16"
    nat_gateways             = 2
    interface_endpoints      = ["ecr.api", "ecr.dkr", "logs"]
    load_balancer            = true
    database_instances       = 2
    cache_replicas_per_shard = 1
  }

  failover = {
    availability_zones       = ["eu-central-1a", "eu-central-1b"]
    vpc_cidr                 = "10.1.0.0/16"
    nat_gateways             = 1
    interface_endpoints      = ["ecr.api"]
    load_balancer            = true
    database_instances       = 1
    cache_replicas_per_shard = 1
  }

  services = {
    web = { cpu_units = 512, memory_mib = 1024, architecture = "ARM64", port = 8080, health_check_path = "/healthz", image_tag = "v1", primary_tasks = 4, failover_tasks = 1, default_route = true }
    api = { cpu_units = 1024, memory_mib = 2048, architecture = "ARM64", port = 8080, health_check_path = "/healthz", image_tag = "v1", primary_tasks = 6, failover_tasks = 2, default_route = false }
  }

  database = {
    engine                = "aurora-postgresql"
    engine_version        = "16.4"
    instance_class        = "db.r6g.large"
    storage_type          = "standard"
    serverless_min_acu    = null
    serverless_max_acu    = null
    backup_retention_days = 7
    replicate             = true
    write_forwarding      = false
    managed_rpo_s         = null
    deletion_protection   = true
    skip_final_snapshot   = false
  }

  cache = { engine = "redis", engine_version = "7.1", node_type = "cache.r6g.large", shards = 1, replicate = true, snapshot_retention_days = 1 }

  buckets = {
    uploads = { replicate = true, replication_time_control = true }
    reports = { replicate = false, replication_time_control = false }
  }

  backup             = { copy_to_failover = true, interval_hours = 24, retention_days = 30 }
  edge               = { cloudfront = true, price_class = "PriceClass_100", origin_failover = true }
  dns                = { zone_name = "shop.example.com", routing = "failover", fast_health_checks = true, ttl_s = 60 }
  secrets            = ["payment-key"]
  log_retention_days = 30
}

run "refuses_classes_that_cannot_replicate" {
  command = plan

  variables {
    database = merge(var.database, { instance_class = "db.t4g.medium" })
    cache    = merge(var.cache, { node_type = "cache.t4g.medium" })
  }

  expect_failures = [var.database, var.cache]
}

run "refuses_contradictions" {
  command = plan

  variables {
    primary  = merge(var.primary, { load_balancer = false })
    failover = merge(var.failover, { cache_replicas_per_shard = 0 })
    database = merge(var.database, { replicate = false, managed_rpo_s = 60 })
    buckets  = { uploads = { replicate = false, replication_time_control = true } }
  }

  expect_failures = [var.database, var.cache, var.buckets, var.edge]
}

run "refuses_values_that_aws_does_not_offer" {
  command = plan

  variables {
    name               = "Webshop"
    services           = { web = merge(var.services.web, { cpu_units = 256, memory_mib = 1536 }) }
    database           = merge(var.database, { managed_rpo_s = 19 })
    cache              = merge(var.cache, { node_type = "cache.m6g.medium" })
    backup             = merge(var.backup, { interval_hours = 25 })
    log_retention_days = 31
  }

  expect_failures = [var.name, var.services, var.database, var.cache, var.backup, var.log_retention_days]
}

run "refuses_what_is_incomplete" {
  command = plan

  variables {
    failover = merge(var.failover, { availability_zones = ["eu-central-1a"] })
    services = { web = merge(var.services.web, { default_route = false }) }
    database = merge(var.database, { instance_class = "db.serverless" })
  }

  expect_failures = [var.failover, var.services, var.database]
}

run "refuses_regions_that_do_not_fit" {
  command = plan

  variables {
    failover_region = "eu-west-1"
    primary         = merge(var.primary, { availability_zones = ["eu-central-1a", "eu-central-1b"] })
  }

  expect_failures = [var.failover_region, var.primary]
}
