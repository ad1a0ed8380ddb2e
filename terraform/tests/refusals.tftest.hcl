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
