# Workload: article
# Choice: pilot_light.us-west-2.standard.x86_64.rtc (us-east-1 to us-west-2)
# Monthly cost: 2,024.72 USD, 599.41 USD more than today
# Prices not observed: 0 % of it is derived or proxy, see bill.csv
# RTO: 30 min typically, 42 min at 95 %, asked 60 min
# RPO: 15 s typically, 2 min at 95 %, asked 0 s
# Objectives: misses the RPO of 0 s: at 95 % it loses 2 min of writes
# Snapshot: 2026-11-23 (9f506be1bc11)
# Written by drkit: 2026-12-01
# The database's password is not here: give it as TF_VAR_database_password when applying.

name     = "article"
strategy = "pilot_light"

tags = {
  Workload = "article"
  Topology = "pilot_light.us-west-2.standard.x86_64.rtc"
}

primary_region   = "us-east-1"
failover_region  = "us-west-2"
failover_enabled = true

primary = {
  availability_zones       = ["us-east-1a", "us-east-1b"]
  vpc_cidr                 = "10.10.0.0/16"
  nat_gateways             = 2
  interface_endpoints      = ["ecr.api", "ecr.dkr", "logs", "secretsmanager"]
  load_balancer            = true
  database_instances       = 2
  cache_replicas_per_shard = 1
}

failover = {
  availability_zones       = ["us-west-2a", "us-west-2b"]
  vpc_cidr                 = "10.20.0.0/16"
  nat_gateways             = 1
  interface_endpoints      = []
  load_balancer            = true
  database_instances       = 1
  cache_replicas_per_shard = 1
}

services = {
  app-server = {
    cpu_units         = 1024
    memory_mib        = 2048
    architecture      = "X86_64"
    port              = 8080
    health_check_path = "/health"
    image_tag         = "v1"
    primary_tasks     = 6
    failover_tasks    = 0
    default_route     = true
  }
  worker = {
    cpu_units         = 512
    memory_mib        = 1024
    architecture      = "X86_64"
    port              = 8080
    health_check_path = "/health"
    image_tag         = "v1"
    primary_tasks     = 2
    failover_tasks    = 0
    default_route     = false
  }
}

database = {
  engine                = "aurora-postgresql"
  engine_version        = "15.4"
  instance_class        = "db.r6g.large"
  storage_type          = "standard"
  serverless_min_acu    = null
  serverless_max_acu    = null
  backup_retention_days = 14
  replicate             = true
  write_forwarding      = false
  managed_rpo_s         = 20
  deletion_protection   = true
  skip_final_snapshot   = false
}

cache = {
  engine                  = "redis"
  engine_version          = "7.1"
  node_type               = "cache.m6g.large"
  shards                  = 1
  replicate               = true
  snapshot_retention_days = 0
}

buckets = {
  uploads = {
    replicate                = true
    replication_time_control = true
  }
  static-assets = {
    replicate                = true
    replication_time_control = true
  }
}

backup = {
  copy_to_failover = false
  interval_hours   = 6
  retention_days   = 3
}

edge = {
  cloudfront      = true
  price_class     = "PriceClass_100"
  origin_failover = true
}

dns = {
  zone_name          = "api.example.com"
  routing            = "failover"
  fast_health_checks = true
  ttl_s              = 60
}

secrets            = ["database", "session-key", "mail"]
log_retention_days = 30
account_id         = "123456789012"
