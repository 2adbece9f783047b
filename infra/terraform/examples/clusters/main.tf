# Three clusters: two of Serin's own account, and one of another.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.33"
    }
    helm = {
      source  = "hashicorp/helm"
      version = ">= 3.0"
    }
  }
}

variable "controller_role_arn" {
  description = "The role of Serin's reconcile function."
  type        = string
}

variable "doorbell_urls" {
  description = "What serin cluster add printed, by the cluster's name in Serin."
  type        = map(string)
  default     = {}
  sensitive   = true
}

provider "aws" {
  region = "eu-central-1"
}

provider "aws" {
  alias  = "partner"
  region = "us-east-1"

  assume_role {
    role_arn = "arn:aws:iam::222222222222:role/terraform"
  }
}

data "aws_eks_cluster" "prod" {
  name = "shop-prod"
}

data "aws_eks_cluster" "staging" {
  name = "shop-staging"
}

data "aws_eks_cluster" "partner" {
  provider = aws.partner
  name     = "partner"
}

data "aws_eks_cluster_auth" "prod" {
  name = data.aws_eks_cluster.prod.name
}

data "aws_eks_cluster_auth" "staging" {
  name = data.aws_eks_cluster.staging.name
}

data "aws_eks_cluster_auth" "partner" {
  provider = aws.partner
  name     = data.aws_eks_cluster.partner.name
}

provider "helm" {
  alias = "prod"

  kubernetes = {
    host                   = data.aws_eks_cluster.prod.endpoint
    cluster_ca_certificate = base64decode(data.aws_eks_cluster.prod.certificate_authority[0].data)
    token                  = data.aws_eks_cluster_auth.prod.token
  }
}

provider "helm" {
  alias = "staging"

  kubernetes = {
    host                   = data.aws_eks_cluster.staging.endpoint
    cluster_ca_certificate = base64decode(data.aws_eks_cluster.staging.certificate_authority[0].data)
    token                  = data.aws_eks_cluster_auth.staging.token
  }
}

provider "helm" {
  alias = "partner"

  kubernetes = {
    host                   = data.aws_eks_cluster.partner.endpoint
    cluster_ca_certificate = base64decode(data.aws_eks_cluster.partner.certificate_authority[0].data)
    token                  = data.aws_eks_cluster_auth.partner.token
  }
}

module "prod" {
  source              = "../.."
  cluster_name        = data.aws_eks_cluster.prod.name
  controller_role_arn = var.controller_role_arn
  doorbell_url        = lookup(var.doorbell_urls, "prod", "")
  providers           = { aws = aws, helm = helm.prod }
}

module "staging" {
  source              = "../.."
  cluster_name        = data.aws_eks_cluster.staging.name
  controller_role_arn = var.controller_role_arn
  doorbell_url        = lookup(var.doorbell_urls, "staging", "")
  providers           = { aws = aws, helm = helm.staging }
}

# Serin assumes the role that this makes there.
module "partner" {
  source              = "../.."
  cluster_name        = data.aws_eks_cluster.partner.name
  controller_role_arn = var.controller_role_arn
  role_name           = "serin-cluster"
  doorbell_url        = lookup(var.doorbell_urls, "partner", "")
  providers           = { aws = aws.partner, helm = helm.partner }
}

output "partner_role_arn" {
  description = "For serin cluster add partner --region us-east-1 --role-arn."
  value       = module.partner.role_arn
}
