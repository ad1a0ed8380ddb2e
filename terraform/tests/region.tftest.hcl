# What one call of the region module builds: the quantities that drkit's bill prices.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name       = "webshop"
  region     = "eu-west-1"
  account_id = "123456789012"

  settings = {
    availability_zones  = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    vpc_cidr            = "10.0.0.0/16"
    nat_gateways        = 2
    interface_endpoints = ["ecr.api", "logs"]
    load_balancer       = true
  }

  services = {
    web = { cpu_units = 512, memory_mib = 1024, architecture = "ARM64", port = 8080, health_check_path = "/healthz", image_tag = "v1", tasks = 4, default_route = true }
    api = { cpu_units = 1024, memory_mib = 2048, architecture = "X86_64", port = 8080, health_check_path = "/healthz", image_tag = "v1", tasks = 0, default_route = false }
  }

  environment        = { B = "2", A = "1" }
  secret_arns        = { payment-key = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:webshop/payment-key-AbCdEf" }
  execution_role_arn = "arn:aws:iam::123456789012:role/execution"
  task_role_arn      = "arn:aws:iam::123456789012:role/task"
  bucket_names       = ["uploads", "an-archive-whose-name-is-long"]
  noncurrent_days    = 30
  log_retention_days = 30
}

run "region_has_what_the_bill_counts" {
  module {
    source = "./modules/multi-region"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 2 && length(aws_eip.nat) == 2
    error_message = "As many NAT gateways and addresses as asked for."
  }

  assert {
    condition     = length(aws_route.nat) == 3
    error_message = "Every zone has a way out, also the one without a NAT gateway of its own."
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) == 2 && length(aws_vpc_endpoint.interface["logs"].subnet_ids) >= 1
    error_message = "One interface endpoint for each listed service."
  }

  assert {
    condition     = length(distinct(concat(values(aws_subnet.public)[*].cidr_block, values(aws_subnet.private)[*].cidr_block, values(aws_subnet.data)[*].cidr_block))) == 9
    error_message = "Three tiers over three zones, no range twice."
  }

  assert {
    condition     = aws_ecs_service.this["web"].desired_count == 4 && aws_ecs_service.this["api"].desired_count == 0
    error_message = "Every service runs as many tasks as asked for, none included."
  }

  assert {
    condition     = length(aws_lb.this) == 1 && length(aws_lb_target_group.this) == 2 && keys(aws_lb_listener_rule.service) == ["api"]
    error_message = "One load balancer, a target group for each service, a rule for each service without the default route."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.alb_5xx) == 1 && length(aws_cloudwatch_metric_alarm.alb_healthy_hosts) == 1
    error_message = "Two alarms watch the load balancer."
  }

  assert {
    condition     = alltrue([for bucket in values(aws_s3_bucket.this) : length(bucket.bucket) <= 63]) && aws_s3_bucket.this["uploads"].bucket == "webshop-uploads-eu-west-1-123456789012"
    error_message = "Bucket names hold region and account, and at most 63 characters."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this["web"].container_definitions)[0].environment[*].name == ["A", "B"]
    error_message = "The environment must be sorted by name."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this["web"].container_definitions)[0].secrets[0].name == "PAYMENT_KEY"
    error_message = "A secret becomes an environment variable."
  }
}

run "region_without_entrance_or_exit" {
  module {
    source = "./modules/multi-region"
  }

  variables {
    settings = {
      availability_zones  = ["eu-west-1a", "eu-west-1b"]
      vpc_cidr            = "10.0.0.0/22"
      nat_gateways        = 0
      interface_endpoints = []
      load_balancer       = false
    }
    bucket_names = []
  }

  assert {
    condition     = 0 == sum([length(aws_nat_gateway.this), length(aws_eip.nat), length(aws_route.nat), length(aws_vpc_endpoint.interface), length(aws_lb.this), length(aws_lb_target_group.this), length(aws_s3_bucket.this), length(aws_cloudwatch_metric_alarm.alb_5xx)])
    error_message = "What is not asked for is not built."
  }

  assert {
    condition     = length(aws_ecs_service.this["web"].load_balancer) == 0 && output.load_balancer_dns_name == null
    error_message = "Without a load balancer the services stand alone."
  }
}
