variable "name" {
  type        = string
  description = "Prefix of every resource name."
}

variable "region" {
  type        = string
  description = "Region of the provider this module is called with."
}

variable "account_id" {
  type        = string
  description = "AWS account, part of the buckets' names."
}

variable "settings" {
  type = object({
    availability_zones  = list(string)
    vpc_cidr            = string
    nat_gateways        = number
    interface_endpoints = list(string)
    load_balancer       = bool
  })
  description = "Network and load balancer of this region."
}

variable "services" {
  type = map(object({
    cpu_units         = number
    memory_mib        = number
    architecture      = string
    port              = number
    health_check_path = string
    image_tag         = string
    tasks             = number
    default_route     = bool
  }))
  description = "Services by name, with the number of tasks in this region."
}

variable "environment" {
  type        = map(string)
  description = "Environment variables of every task: endpoints and bucket names of this region."
}

variable "secret_arns" {
  type        = map(string)
  description = "Secrets by name, in this region; each becomes an environment variable of every task."
}

variable "execution_role_arn" {
  type        = string
  description = "Role with which ECS pulls images, reads secrets and writes logs. From the single-region module."
}

variable "task_role_arn" {
  type        = string
  description = "Role of the running application. From the single-region module."
}

variable "bucket_names" {
  type        = list(string)
  description = "Short names of the buckets of this region."
}

variable "noncurrent_days" {
  type        = number
  description = "Days that overwritten and deleted objects are kept as old versions."
}

variable "log_retention_days" {
  type        = number
  description = "Days that logs are kept."
}
