# What Serin needs of one EKS cluster: to be let in, rights in its group, and the doorbell.

locals {
  group         = "serin:controller"
  is_own_role   = var.role_name != null
  principal_arn = local.is_own_role ? aws_iam_role.serin[0].arn : var.controller_role_arn
}

data "aws_eks_cluster" "this" {
  name = var.cluster_name
}

resource "aws_eks_access_entry" "serin" {
  cluster_name      = data.aws_eks_cluster.this.name
  principal_arn     = local.principal_arn
  kubernetes_groups = [local.group]
  type              = "STANDARD"
  tags              = var.tags
}

# The chart gives the group its rights. Helm and not kubernetes_manifest: that one must reach the cluster's
# API already when it plans, and would keep the doorbell's URL in a plan in the clear.
resource "helm_release" "serin" {
  name             = "serin"
  namespace        = var.namespace
  create_namespace = true
  chart            = coalesce(var.chart, "${path.module}/../cluster")
  values           = [yamlencode({ routers = var.routers, doorbell = { url = var.doorbell_url } })]
}

# Only for a cluster of another account.
resource "aws_iam_role" "serin" {
  count              = local.is_own_role ? 1 : 0
  name               = var.role_name
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = concat([var.controller_role_arn], var.administrators)
    }
  }
}

resource "aws_iam_role_policy" "serin" {
  count  = local.is_own_role ? 1 : 0
  name   = "describe-cluster"
  role   = aws_iam_role.serin[0].name
  policy = data.aws_iam_policy_document.describe.json
}

data "aws_iam_policy_document" "describe" {
  statement {
    actions   = ["eks:DescribeCluster"]
    resources = [data.aws_eks_cluster.this.arn]
  }

  # What load balancers do with the weights. These actions cannot be limited to a resource.
  statement {
    actions = [
      "elasticloadbalancing:DescribeLoadBalancers",
      "elasticloadbalancing:DescribeListeners",
      "elasticloadbalancing:DescribeRules",
      "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTags",
      "elasticloadbalancing:DescribeTargetHealth",
    ]
    resources = ["*"]
  }
}
