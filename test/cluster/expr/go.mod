module serin/test/cluster/expr

go 1.26.1

require (
	github.com/expr-lang/expr v1.17.7
	k8s.io/client-go v0.34.5
)
