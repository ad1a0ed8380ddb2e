# An imported cluster stays in the VPC it was made in. Where database_source.network describes that VPC, it is peered
# with this stack's, so that the tasks reach the cluster; the failover region's cluster is made in this stack's own VPC.

locals {
  database_network = local.database_imported ? var.database_source.network : null
}

resource "aws_vpc_peering_connection" "database" {
  provider = aws.primary
  count    = local.database_network == null ? 0 : 1

  vpc_id      = module.primary_region.vpc_id
  peer_vpc_id = local.database_network.vpc_id
  auto_accept = true

  tags = { Name = "${var.name}-database" }
}

resource "aws_route" "to_database" {
  provider = aws.primary
  for_each = local.database_network == null ? {} : module.primary_region.private_route_table_ids

  route_table_id            = each.value
  destination_cidr_block    = local.database_network.vpc_cidr
  vpc_peering_connection_id = aws_vpc_peering_connection.database[0].id
}

resource "aws_route" "from_database" {
  provider = aws.primary
  for_each = toset(try(local.database_network.route_table_ids, []))

  route_table_id            = each.key
  destination_cidr_block    = var.primary.vpc_cidr
  vpc_peering_connection_id = aws_vpc_peering_connection.database[0].id
}

resource "aws_vpc_security_group_ingress_rule" "database_imported" {
  provider = aws.primary
  count    = local.database_network == null ? 0 : 1

  security_group_id = local.database_network.security_group_id
  description       = "${var.name}: services"
  cidr_ipv4         = var.primary.vpc_cidr
  ip_protocol       = "tcp"
  from_port         = local.database_port
  to_port           = local.database_port
}
