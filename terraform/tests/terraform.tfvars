# What every test file here starts from: an example of what drkit writes. The strategy itself decides nothing.

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
