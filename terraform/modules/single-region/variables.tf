variable "name" {
  type        = string
  description = "Prefix of every resource name."
}

variable "partition" {
  type        = string
  description = "AWS partition, for the ARNs of managed policies: aws, aws-cn or aws-us-gov."
}

variable "regions" {
  type = map(object({
    region                 = string
    load_balancer          = bool
    load_balancer_dns_name = string
  }))
  description = "The built regions by role (primary, failover), with their load balancers. From the multi-region module."
}

variable "health_checks" {
  type        = bool
  description = "Whether Route 53 checks the regions; needless with one region."
}

variable "health_check_path" {
  type        = string
  description = "Path that Route 53 checks: that of the service with the default route."
}

variable "dns" {
  type = object({
    zone_name          = string
    routing            = string
    fast_health_checks = bool
    ttl_s              = number
  })
  description = "Hosted zone (null for none), routing policy, health check pace and time to live [s]."
}

variable "edge" {
  type = object({
    cloudfront      = bool
    price_class     = string
    origin_failover = bool
  })
  description = "CloudFront, and whether it has an origin group over both regions."
}

variable "bucket_arns" {
  type        = list(string)
  description = "Buckets of all regions, for the task and replication roles. From the multi-region module."
}

variable "repository_arns" {
  type        = list(string)
  description = "Image repositories of all regions, for the execution role. From the multi-region module."
}

variable "log_group_arns" {
  type        = list(string)
  description = "Log groups of all regions, for the execution role. From the multi-region module."
}

variable "secret_arns" {
  type        = list(string)
  description = "Secrets and their replicas, for the execution role."
}

variable "kms_key_arns" {
  type        = list(string)
  description = "The key and its replica, with which the secrets are encrypted."
}

# Switches beside the lists above, because ARNs are not known while planning and counts must be.

variable "has_buckets" {
  type        = bool
  description = "Whether there are buckets."
}

variable "has_secrets" {
  type        = bool
  description = "Whether there are secrets."
}

variable "buckets_replicated" {
  type        = bool
  description = "Whether a replication role is needed."
}

variable "database_backed_up" {
  type        = bool
  description = "Whether a role for AWS Backup is needed."
}
