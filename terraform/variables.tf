# What drkit writes and this stack reads. The decisions are drkit's: nothing below depends on `strategy`.
# Validations of what drkit writes are in drkit/tfvars/rules.py too, for checks without Terraform.
# They use `a ? b : c` where `||` would read nicer: before Terraform 1.12 both sides of `||` are evaluated.

variable "name" {
  type        = string
  description = "Prefix of every resource name."
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name)) && !can(regex("--", var.name))
    error_message = "name is \"${var.name}\", but it must be 3 to 24 lower-case letters, digits and single hyphens, starting with a letter and not ending with a hyphen. Shorten or respell it."
  }
}

variable "strategy" {
  type        = string
  description = "The disaster-recovery strategy drkit chose. A label for tags: counts and switches decide what is built."
  nullable    = false

  validation {
    condition     = contains(["single_region", "backup_restore", "pilot_light", "warm_standby", "hot_standby", "active_active"], var.strategy)
    error_message = "strategy is \"${var.strategy}\", but it must be single_region, backup_restore, pilot_light, warm_standby, hot_standby or active_active. Use one of these."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of every resource, beside Stack, Strategy and ManagedBy."
  default     = {}
  nullable    = false
}

variable "account_id" {
  type        = string
  description = "AWS account to build in, 12 digits; credentials of another are refused. With it, planning a new stack needs no credentials and calls nobody; without it, the account is looked up."
  default     = null

  validation {
    condition     = var.account_id == null ? true : can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be a string of 12 digits, or null to look it up with the credentials at hand."
  }
}

variable "primary_region" {
  type        = string
  description = "Region that serves in normal operation, for example eu-west-1."
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.primary_region))
    error_message = "primary_region is \"${var.primary_region}\", which is not shaped like an AWS region. Write it like eu-west-1."
  }
}

variable "failover_region" {
  type        = string
  description = "Region that takes over. Needed even when failover_enabled is false, because a provider is configured for it."
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.failover_region))
    error_message = "failover_region is \"${var.failover_region}\", which is not shaped like an AWS region. Write it like eu-central-1."
  }

  validation {
    condition     = var.failover_region != var.primary_region
    error_message = "failover_region and primary_region are both \"${var.failover_region}\". Name two different regions, with failover_enabled = false too."
  }
}

variable "failover_enabled" {
  type        = bool
  description = "Whether the failover region is built. When false, that region and all replication have count 0, whatever other switches say."
  nullable    = false
}

variable "primary" {
  type = object({
    availability_zones       = list(string)
    vpc_cidr                 = string
    nat_gateways             = number
    interface_endpoints      = list(string)
    load_balancer            = bool
    database_instances       = number
    cache_replicas_per_shard = number
  })
  description = "Settings of the primary region: zones, network, load balancer, database instances and cache replicas per shard."
  nullable    = false

  validation {
    condition     = length(var.primary.availability_zones) >= 2 && length(var.primary.availability_zones) <= 3 && length(distinct(var.primary.availability_zones)) == length(var.primary.availability_zones)
    error_message = "primary.availability_zones has ${length(var.primary.availability_zones)} entries, but 2 or 3 different zones are needed. Name them, like eu-west-1a."
  }

  validation {
    condition     = alltrue([for zone in var.primary.availability_zones : startswith(zone, var.primary_region)])
    error_message = "primary.availability_zones must all lie in ${var.primary_region}. Name zones that start with the region's name."
  }

  validation {
    condition     = can(cidrhost(var.primary.vpc_cidr, 0)) && can(regex("/(1[6-9]|2[0-2])$", var.primary.vpc_cidr))
    error_message = "primary.vpc_cidr is \"${var.primary.vpc_cidr}\", but it must be an IPv4 range from /16 to /22, like 10.0.0.0/16: it is cut into 16 subnets."
  }

  validation {
    condition     = var.primary.nat_gateways >= 0 && var.primary.nat_gateways <= length(var.primary.availability_zones) && floor(var.primary.nat_gateways) == var.primary.nat_gateways
    error_message = "primary.nat_gateways is ${var.primary.nat_gateways}, but it must be a whole number from 0 to the number of zones. More than one per zone adds only cost."
  }

  validation {
    condition     = alltrue([for service in var.primary.interface_endpoints : can(regex("^[a-z0-9][a-z0-9.-]*$", service))]) && length(distinct(var.primary.interface_endpoints)) == length(var.primary.interface_endpoints)
    error_message = "primary.interface_endpoints must be different short service names like ecr.api or logs. Leave out com.amazonaws and the region."
  }

  validation {
    condition     = var.primary.database_instances >= 0 && var.primary.database_instances <= 16 && floor(var.primary.database_instances) == var.primary.database_instances
    error_message = "primary.database_instances is ${var.primary.database_instances}, but an Aurora cluster has a whole number of instances from 0 to 16."
  }

  validation {
    condition     = var.primary.cache_replicas_per_shard >= 0 && var.primary.cache_replicas_per_shard <= 5 && floor(var.primary.cache_replicas_per_shard) == var.primary.cache_replicas_per_shard
    error_message = "primary.cache_replicas_per_shard is ${var.primary.cache_replicas_per_shard}, but ElastiCache allows a whole number from 0 to 5."
  }
}

variable "failover" {
  type = object({
    availability_zones       = list(string)
    vpc_cidr                 = string
    nat_gateways             = number
    interface_endpoints      = list(string)
    load_balancer            = bool
    database_instances       = number
    cache_replicas_per_shard = number
  })
  description = "Settings of the failover region, as for the primary. database_instances = 0 with database.replicate is a headless secondary: storage without instances."
  nullable    = false

  validation {
    condition     = length(var.failover.availability_zones) >= 2 && length(var.failover.availability_zones) <= 3 && length(distinct(var.failover.availability_zones)) == length(var.failover.availability_zones)
    error_message = "failover.availability_zones has ${length(var.failover.availability_zones)} entries, but 2 or 3 different zones are needed. Name them, like eu-central-1a."
  }

  validation {
    condition     = alltrue([for zone in var.failover.availability_zones : startswith(zone, var.failover_region)])
    error_message = "failover.availability_zones must all lie in ${var.failover_region}. Name zones that start with the region's name."
  }

  validation {
    condition     = can(cidrhost(var.failover.vpc_cidr, 0)) && can(regex("/(1[6-9]|2[0-2])$", var.failover.vpc_cidr))
    error_message = "failover.vpc_cidr is \"${var.failover.vpc_cidr}\", but it must be an IPv4 range from /16 to /22, like 10.1.0.0/16: it is cut into 16 subnets."
  }

  validation {
    condition     = var.failover.nat_gateways >= 0 && var.failover.nat_gateways <= length(var.failover.availability_zones) && floor(var.failover.nat_gateways) == var.failover.nat_gateways
    error_message = "failover.nat_gateways is ${var.failover.nat_gateways}, but it must be a whole number from 0 to the number of zones. More than one per zone adds only cost."
  }

  validation {
    condition     = alltrue([for service in var.failover.interface_endpoints : can(regex("^[a-z0-9][a-z0-9.-]*$", service))]) && length(distinct(var.failover.interface_endpoints)) == length(var.failover.interface_endpoints)
    error_message = "failover.interface_endpoints must be different short service names like ecr.api or logs. Leave out com.amazonaws and the region."
  }

  validation {
    condition     = var.failover.database_instances >= 0 && var.failover.database_instances <= 16 && floor(var.failover.database_instances) == var.failover.database_instances
    error_message = "failover.database_instances is ${var.failover.database_instances}, but an Aurora cluster has a whole number of instances from 0 to 16."
  }

  validation {
    condition     = var.failover.cache_replicas_per_shard >= 0 && var.failover.cache_replicas_per_shard <= 5 && floor(var.failover.cache_replicas_per_shard) == var.failover.cache_replicas_per_shard
    error_message = "failover.cache_replicas_per_shard is ${var.failover.cache_replicas_per_shard}, but ElastiCache allows a whole number from 0 to 5."
  }
}

variable "services" {
  type = map(object({
    cpu_units         = number
    memory_mib        = number
    architecture      = string
    port              = number
    health_check_path = string
    image_tag         = string
    primary_tasks     = number
    failover_tasks    = number
    default_route     = bool
  }))
  description = "ECS services on Fargate by name. The one with default_route takes the listener's default action, the others the path /<name>/*."
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.services) : can(regex("^[a-z][a-z0-9-]{0,30}[a-z0-9]$", name)) && !can(regex("--", name))])
    error_message = "services has a name that is not 2 to 32 lower-case letters, digits and single hyphens, starting with a letter. Rename it: it becomes a path, a repository and a target group."
  }

  validation {
    condition     = length([for service in values(var.services) : service if service.default_route]) == 1
    error_message = "services has ${length([for service in values(var.services) : service if service.default_route])} entries with default_route = true, but exactly one must take the load balancer's default action."
  }

  validation {
    condition     = alltrue([for service in values(var.services) : contains(["X86_64", "ARM64"], service.architecture)])
    error_message = "services has an architecture that is neither X86_64 nor ARM64, the two that Fargate runs."
  }

  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
  validation {
    condition     = alltrue([for service in values(var.services) : contains([256, 512, 1024, 2048, 4096, 8192, 16384], service.cpu_units)])
    error_message = "services has cpu_units that Fargate does not offer. Use 256, 512, 1024, 2048, 4096, 8192 or 16384."
  }

  validation {
    condition = alltrue([for service in values(var.services) :
      service.memory_mib >= 2 * service.cpu_units
      && service.memory_mib <= (service.cpu_units <= 2048 ? 8 : 7.5) * service.cpu_units
      && (service.cpu_units == 256 ? contains([512, 1024, 2048], service.memory_mib)
      : floor(service.memory_mib / (service.cpu_units <= 4096 ? 1024 : service.cpu_units / 2)) * (service.cpu_units <= 4096 ? 1024 : service.cpu_units / 2) == service.memory_mib)
    ])
    error_message = "services has a memory_mib that Fargate does not offer with its cpu_units. Use 512, 1024 or 2048 with 256 units; steps of 1024 from 2 to 8 MiB per unit up to 2048 units, 8192 to 30720 with 4096; steps of 4096 up to 61440 with 8192; steps of 8192 up to 122880 with 16384."
  }

  validation {
    condition     = alltrue([for service in values(var.services) : service.port >= 1 && service.port <= 65535 && floor(service.port) == service.port])
    error_message = "services has a port that is not a whole number from 1 to 65535."
  }

  validation {
    condition     = alltrue([for service in values(var.services) : startswith(service.health_check_path, "/")])
    error_message = "services has a health_check_path that does not start with a slash. Write it like /healthz."
  }

  validation {
    condition     = alltrue([for service in values(var.services) : can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", service.image_tag))])
    error_message = "services has an image_tag that is not a container image tag: up to 128 letters, digits, underscores, dots and hyphens."
  }

  validation {
    condition     = alltrue([for service in values(var.services) : service.primary_tasks >= 0 && service.failover_tasks >= 0 && floor(service.primary_tasks) == service.primary_tasks && floor(service.failover_tasks) == service.failover_tasks])
    error_message = "services has primary_tasks or failover_tasks that are negative or not whole. Use 0 to keep a service defined but stopped."
  }
}

variable "database" {
  type = object({
    engine                = string
    engine_version        = string
    instance_class        = string
    storage_type          = string
    serverless_min_acu    = number
    serverless_max_acu    = number
    backup_retention_days = number
    replicate             = bool
    write_forwarding      = bool
    managed_rpo_s         = number
    deletion_protection   = bool
    skip_final_snapshot   = bool
  })
  description = "The Aurora cluster; null for none. replicate makes it an Aurora Global Database. write_forwarding lets the failover region take writes and send them to the primary region. managed_rpo_s blocks commits when the replica lags more than so many seconds."

  validation {
    condition     = var.database == null ? true : contains(["aurora-postgresql", "aurora-mysql"], var.database.engine)
    error_message = "database.engine must be aurora-postgresql or aurora-mysql, the engines of Aurora Global Database."
  }

  validation {
    condition     = var.database == null ? true : can(regex("^[0-9]+\\.[0-9A-Za-z_.]+$", var.database.engine_version))
    error_message = "database.engine_version must be a full version, like 16.4 or 8.0.mysql_aurora.3.08.0: both regions must run the same one."
  }

  validation {
    condition     = var.database == null ? true : can(regex("^db\\.(serverless|[a-z0-9]+\\.[a-z0-9]+)$", var.database.instance_class))
    error_message = "database.instance_class must be a class like db.r6g.large, or db.serverless for Serverless v2."
  }

  # https://github.com/hashicorp/terraform-provider-aws/issues/27736
  validation {
    condition     = var.database == null ? true : !(var.database.replicate && can(regex("^db\\.(t2|t3|t4g)\\.", var.database.instance_class)))
    error_message = "database.instance_class is burstable, and Aurora Global Database refuses the t2, t3 and t4g classes. Step up to db.r6g.large or larger, or set database.replicate = false."
  }

  validation {
    condition     = var.database == null ? true : contains(["standard", "io_optimized"], var.database.storage_type)
    error_message = "database.storage_type must be standard or io_optimized."
  }

  validation {
    condition = var.database == null ? true : (
      var.database.instance_class == "db.serverless"
      ? try(var.database.serverless_min_acu >= 0 && var.database.serverless_max_acu >= 1 && var.database.serverless_max_acu <= 256 && var.database.serverless_min_acu <= var.database.serverless_max_acu, false)
      : var.database.serverless_min_acu == null && var.database.serverless_max_acu == null
    )
    error_message = "database.serverless_min_acu and serverless_max_acu belong to db.serverless: give both there, with 0 <= min <= max and 1 <= max <= 256, and null with any other class."
  }

  validation {
    condition     = var.database == null ? true : var.database.backup_retention_days >= 1 && var.database.backup_retention_days <= 35 && floor(var.database.backup_retention_days) == var.database.backup_retention_days
    error_message = "database.backup_retention_days must be a whole number from 1 to 35, the range of Aurora's automated backups."
  }

  validation {
    condition     = var.database == null ? true : (var.database.managed_rpo_s == null ? true : var.database.managed_rpo_s >= 20 && floor(var.database.managed_rpo_s) == var.database.managed_rpo_s && var.database.engine == "aurora-postgresql" && var.database.replicate)
    error_message = "database.managed_rpo_s must be a whole number of at least 20 seconds, with engine aurora-postgresql and replicate = true; only there Aurora enforces an RPO. Set it to null otherwise."
  }

  validation {
    condition     = var.database == null ? true : !var.database.write_forwarding || var.database.replicate
    error_message = "database.write_forwarding sends writes from a replica, so it needs database.replicate = true. Turn one on or the other off."
  }

  validation {
    condition     = var.database == null ? true : var.primary.database_instances >= 1
    error_message = "primary.database_instances is ${var.primary.database_instances}, but a database needs at least one instance in the primary region. Raise it, or set database = null."
  }

  # One of the 15 readers' places of a primary cluster is taken by each secondary region.
  validation {
    condition     = var.database == null ? true : !(var.database.replicate && var.failover_enabled && var.primary.database_instances > 15)
    error_message = "primary.database_instances is 16, but a primary cluster with one secondary region has at most 15 instances. Lower it by one."
  }
}

variable "database_source" {
  type = object({
    mode                 = string
    snapshot_identifier  = optional(string)
    cluster_identifier   = optional(string)
    instance_identifiers = optional(list(string), [])
    network = optional(object({
      vpc_id            = string
      vpc_cidr          = string
      route_table_ids   = list(string)
      security_group_id = string
    }))
  })
  description = "How the primary cluster comes to be. mode new creates it; snapshot restores it from snapshot_identifier; existing builds the global cluster around one that is there: this stack's own, or another's, which cluster_identifier and instance_identifiers import. network connects an imported cluster's VPC with this stack's."
  default     = { mode = "new" }
  nullable    = false

  validation {
    condition     = contains(["new", "existing", "snapshot"], var.database_source.mode)
    error_message = "database_source.mode is \"${var.database_source.mode}\", but it must be new, existing or snapshot. Use one of these."
  }

  validation {
    condition     = (var.database_source.mode == "snapshot") == (var.database_source.snapshot_identifier != null)
    error_message = "database_source.snapshot_identifier belongs to mode snapshot: give the name or ARN of a cluster snapshot there, and leave it out with any other mode."
  }

  validation {
    condition     = var.database_source.cluster_identifier == null ? length(var.database_source.instance_identifiers) == 0 && var.database_source.network == null : var.database_source.mode == "existing"
    error_message = "database_source.cluster_identifier names a cluster to import: it belongs to mode existing, and instance_identifiers and network belong to it. Set mode = \"existing\" and name the cluster, or leave all three out."
  }

  validation {
    condition     = var.database_source.cluster_identifier == null ? true : can(regex("^[a-z]([a-z0-9]|-[a-z0-9]){0,62}$", var.database_source.cluster_identifier))
    error_message = "database_source.cluster_identifier must be the identifier of an Aurora cluster as AWS shows it: up to 63 lower-case letters, digits and single hyphens, starting with a letter. Leave out the ARN's prefix."
  }

  validation {
    condition     = length(distinct(var.database_source.instance_identifiers)) == length(var.database_source.instance_identifiers) && (length(var.database_source.instance_identifiers) == 0 || length(var.database_source.instance_identifiers) <= var.primary.database_instances)
    error_message = "database_source.instance_identifiers has ${length(var.database_source.instance_identifiers)} entries, but they must be different and at most primary.database_instances, which is ${var.primary.database_instances}: with fewer, the apply would leave some of the cluster's instances to nobody."
  }

  validation {
    # Ranges overlap if the wider one's prefix is that of both.
    condition = var.database_source.network == null ? true : try(
      cidrhost("${cidrhost(var.primary.vpc_cidr, 0)}/${min(tonumber(split("/", var.primary.vpc_cidr)[1]), tonumber(split("/", var.database_source.network.vpc_cidr)[1]))}", 0)
      != cidrhost("${cidrhost(var.database_source.network.vpc_cidr, 0)}/${min(tonumber(split("/", var.primary.vpc_cidr)[1]), tonumber(split("/", var.database_source.network.vpc_cidr)[1]))}", 0),
    false)
    error_message = "database_source.network.vpc_cidr must be the IPv4 range of the imported cluster's VPC, and must not overlap primary.vpc_cidr, since the two are peered. Correct it, or choose another primary.vpc_cidr."
  }

  validation {
    condition     = var.database != null || var.database_source.mode == "new"
    error_message = "database_source.mode is \"${var.database_source.mode}\", but database is null. Describe the database, or leave database_source out."
  }
}

variable "database_password" {
  type        = string
  description = "Password of the database's administrator. Give it as TF_VAR_database_password when applying; it is ephemeral and reaches neither plan nor state."
  default     = null
  ephemeral   = true

  validation {
    condition     = var.database_password == null ? true : length(var.database_password) >= 8 && length(var.database_password) <= 41 && !can(regex("[/@\" ]", var.database_password))
    error_message = "database_password must have 8 to 41 characters and none of slash, at sign, double quote and space, which Aurora refuses. Choose another."
  }
}

variable "cache" {
  type = object({
    engine                  = string
    engine_version          = string
    node_type               = string
    shards                  = number
    replicate               = bool
    snapshot_retention_days = number
    skip_final_snapshot     = optional(bool, false)
  })
  description = "The ElastiCache replication group; null for none. replicate makes it a Global Datastore. More than one shard turns cluster mode on. Unless skip_final_snapshot says so, destroying it leaves a snapshot."

  validation {
    condition     = var.cache == null ? true : contains(["redis", "valkey"], var.cache.engine)
    error_message = "cache.engine must be redis or valkey."
  }

  validation {
    condition     = var.cache == null ? true : can(regex("^([5-9]|[1-9][0-9])\\.[0-9x]+(\\.[0-9]+)?$", var.cache.engine_version))
    error_message = "cache.engine_version must be a version from 5.0.6 on, like 7.1 for redis or 8.0 for valkey."
  }

  validation {
    condition     = var.cache == null ? true : can(regex("^cache\\.[a-z0-9]+\\.[a-z0-9]+$", var.cache.node_type))
    error_message = "cache.node_type must be a node type like cache.r7g.large."
  }

  # https://github.com/hashicorp/terraform-provider-aws/issues/17768
  validation {
    condition     = var.cache == null ? true : !var.cache.replicate || can(regex("^cache\\.(m5|m6g|m7g|m8g|r5|r6g|r6gd|r7g|r8g|c7gn|c8gn)\\.([0-9]*x)?large$", var.cache.node_type))
    error_message = "cache.node_type cannot be in a Global Datastore, which takes m5, m6g, m7g, m8g, r5, r6g, r6gd, r7g, r8g, c7gn and c8gn nodes of size large and above. Step up to cache.m6g.large or larger, or set cache.replicate = false."
  }

  validation {
    condition     = var.cache == null ? true : var.cache.shards >= 1 && var.cache.shards <= 500 && floor(var.cache.shards) == var.cache.shards
    error_message = "cache.shards must be a whole number from 1 to 500."
  }

  validation {
    condition     = var.cache == null ? true : var.cache.snapshot_retention_days >= 0 && var.cache.snapshot_retention_days <= 35 && floor(var.cache.snapshot_retention_days) == var.cache.snapshot_retention_days
    error_message = "cache.snapshot_retention_days must be a whole number from 0 (no snapshots) to 35."
  }

  validation {
    condition     = var.cache == null ? true : !(var.cache.replicate && var.failover_enabled && (var.primary.cache_replicas_per_shard > 0 || var.cache.shards > 1) && var.failover.cache_replicas_per_shard == 0)
    error_message = "failover.cache_replicas_per_shard is 0 while the primary has replicas or several shards and with them automatic failover, which a Global Datastore then wants in every region. Give the failover region at least one replica."
  }
}

variable "buckets" {
  type = map(object({
    replicate                = bool
    replication_time_control = bool
  }))
  description = "S3 buckets by short name. replicate builds the twin in the failover region and replicates both ways."
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.buckets) : can(regex("^[a-z0-9][a-z0-9-]{0,26}[a-z0-9]$", name)) && !can(regex("--", name))])
    error_message = "buckets has a name that is not 2 to 28 lower-case letters, digits and single hyphens. Shorten or respell it: account and region are added."
  }

  validation {
    condition     = alltrue([for bucket in values(var.buckets) : bucket.replicate || !bucket.replication_time_control])
    error_message = "buckets has an entry with replication_time_control but without replicate. Turn replicate on, or the time control off."
  }
}

variable "backup" {
  type = object({
    copy_to_failover = bool
    interval_hours   = number
    retention_days   = number
  })
  description = "AWS Backup of the Aurora cluster, built when copy_to_failover is true: hours between snapshots, and days each is kept in both regions. Old versions of S3 objects are kept as long."
  nullable    = false

  validation {
    condition     = var.backup.interval_hours >= 1 && var.backup.interval_hours <= 168 && (var.backup.interval_hours <= 24 ? floor(var.backup.interval_hours) == var.backup.interval_hours : floor(var.backup.interval_hours / 24) * 24 == var.backup.interval_hours)
    error_message = "backup.interval_hours is ${var.backup.interval_hours}, but a backup schedule allows whole hours from 1 to 24, or whole days (multiples of 24) up to 168."
  }

  validation {
    condition     = var.backup.retention_days >= 1 && floor(var.backup.retention_days) == var.backup.retention_days
    error_message = "backup.retention_days is ${var.backup.retention_days}, but it must be a whole number of at least 1."
  }
}

variable "edge" {
  type = object({
    cloudfront      = bool
    price_class     = string
    origin_failover = bool
  })
  description = "CloudFront in front of the load balancers. origin_failover adds an origin group over both regions for /static/*, since CloudFront takes an origin group for reading methods only."
  nullable    = false

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.edge.price_class)
    error_message = "edge.price_class is \"${var.edge.price_class}\", but CloudFront has PriceClass_100, PriceClass_200 and PriceClass_All."
  }

  validation {
    condition     = !(var.edge.cloudfront && !var.primary.load_balancer)
    error_message = "edge.cloudfront needs primary.load_balancer = true: the load balancer is its origin."
  }
}

variable "dns" {
  type = object({
    zone_name          = string
    routing            = string
    fast_health_checks = bool
    ttl_s              = number
  })
  description = "Route 53: zone_name null builds no zone, records or health checks. routing is failover or latency; fast_health_checks probes every 10 s instead of 30 s; ttl_s [s] is the records' time to live."
  nullable    = false

  validation {
    condition     = var.dns.zone_name == null ? true : can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z][a-z0-9-]*[a-z0-9]$", var.dns.zone_name))
    error_message = "dns.zone_name must be a domain name in lower case like shop.example.com, without a dot at its end, or null for no zone."
  }

  validation {
    condition     = contains(["failover", "latency"], var.dns.routing)
    error_message = "dns.routing is \"${var.dns.routing}\", but it must be failover (one region serves) or latency (both serve)."
  }

  validation {
    condition     = var.dns.ttl_s >= 0 && var.dns.ttl_s <= 172800 && floor(var.dns.ttl_s) == var.dns.ttl_s
    error_message = "dns.ttl_s is ${var.dns.ttl_s}, but it must be a whole number of seconds from 0 to 172800. For failover, 60 or less is usual."
  }
}

variable "secrets" {
  type        = list(string)
  description = "Names of Secrets Manager secrets. They are created empty, replicated to the failover region, and given to every task as environment variables."
  nullable    = false

  validation {
    condition     = alltrue([for name in var.secrets : can(regex("^[a-z][a-z0-9-]{0,62}[a-z0-9]$", name))]) && length(distinct(var.secrets)) == length(var.secrets)
    error_message = "secrets must be different names of 2 to 64 lower-case letters, digits and hyphens, starting with a letter: each becomes an environment variable."
  }
}

variable "log_retention_days" {
  type        = number
  description = "Days that CloudWatch keeps the services' logs."
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is ${var.log_retention_days}, which CloudWatch Logs does not offer. Use 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}
