# How the primary cluster comes to be: created in an empty global cluster, restored, imported, or there already.

mock_provider "aws" {
  alias  = "primary"
  source = "./tests/mocks"
}

mock_provider "aws" {
  alias  = "failover"
  source = "./tests/mocks"
}

run "new_creates_the_cluster_in_an_empty_global_cluster" {
  state_key = "new"

  assert {
    condition     = length(aws_rds_global_cluster.database) == 1 && length(aws_rds_global_cluster.adopted) == 0
    error_message = "A new build makes the global cluster first."
  }

  assert {
    condition     = aws_rds_cluster.primary[0].global_cluster_identifier == "webshop-global" && aws_rds_cluster.failover[0].global_cluster_identifier == "webshop-global"
    error_message = "Both clusters must join the global cluster."
  }

  assert {
    condition     = aws_rds_cluster.failover[0].replication_source_identifier == aws_rds_cluster.primary[0].arn
    error_message = "The failover cluster must replicate the primary one."
  }
}

run "changing_the_mode_of_a_replicated_database_is_refused" {
  state_key = "new"
  command   = plan

  variables {
    database_source = { mode = "existing" }
  }

  expect_failures = [aws_rds_cluster.failover]
}

run "single_region_first" {
  state_key = "grown"

  variables {
    strategy         = "single_region"
    failover_enabled = false
  }

  assert {
    condition     = length(aws_rds_global_cluster.database) + length(aws_rds_global_cluster.adopted) == 0 && aws_rds_cluster.primary[0].global_cluster_identifier == null
    error_message = "A single region has no global cluster."
  }
}

run "a_cluster_that_is_there_is_not_added_to_an_empty_global_cluster" {
  state_key = "grown"
  command   = plan

  expect_failures = [aws_rds_cluster.failover]
}

run "existing_builds_the_global_cluster_around_it" {
  state_key = "grown"

  variables {
    database_source = { mode = "existing" }
  }

  assert {
    condition     = aws_rds_global_cluster.adopted[0].source_db_cluster_identifier == aws_rds_cluster.primary[0].arn && length(aws_rds_global_cluster.database) == 0
    error_message = "The global cluster must take the cluster as its source."
  }

  assert {
    condition     = aws_rds_cluster.failover[0].global_cluster_identifier == aws_rds_global_cluster.adopted[0].global_cluster_identifier
    error_message = "The failover cluster must join."
  }

  assert {
    condition     = aws_rds_cluster.primary[0].master_username == "dbadmin" && aws_rds_cluster.primary[0].master_password_wo_version == 1
    error_message = "The cluster keeps its administrator, and gets no new password."
  }
}

run "existing_needs_a_cluster" {
  state_key = "nothing"
  command   = plan

  variables {
    database_source = { mode = "existing" }
  }

  expect_failures = [aws_rds_cluster.primary]
}

run "snapshot_restores_and_then_builds_the_global_cluster" {
  state_key = "snapshot"

  variables {
    database_source = { mode = "snapshot", snapshot_identifier = "legacy-2026-11-01" }
  }

  assert {
    condition     = aws_rds_cluster.primary[0].snapshot_identifier == "legacy-2026-11-01" && aws_rds_global_cluster.adopted[0].source_db_cluster_identifier == aws_rds_cluster.primary[0].arn
    error_message = "The cluster must come from the snapshot, and the global cluster from the cluster."
  }
}

run "a_snapshot_that_is_gone_later_replaces_nothing" {
  state_key = "snapshot"

  variables {
    database_source = { mode = "existing" }
  }

  assert {
    condition     = aws_rds_cluster.primary[0].snapshot_identifier == "legacy-2026-11-01"
    error_message = "The restored cluster must stay what it is."
  }
}

run "refuses_sources_that_contradict_themselves" {
  state_key = "nothing"
  command   = plan

  variables {
    database_source = { mode = "new", snapshot_identifier = "legacy-2026-11-01", cluster_identifier = "legacy" }
  }

  expect_failures = [var.database_source]
}
