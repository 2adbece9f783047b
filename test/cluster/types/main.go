// Command types answers questions about Argo Rollouts v1.10.1 from its own Go code:
// what its types look like in JSON, which hashes it gives, and how its rules decide. See README.md.
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "table":
		return printTable(os.Stdout)
	case len(args) == 3 && (args[0] == "hashes" || args[0] == "rules"):
		seed, err := strconv.ParseUint(args[1], 10, 64)
		if err != nil {
			return fmt.Errorf("SEED must be a natural number: %w", err)
		}
		count, err := strconv.Atoi(args[2])
		if err != nil {
			return fmt.Errorf("N must be a number: %w", err)
		}
		if args[0] == "rules" {
			return printRules(os.Stdout, seed, count)
		}
		return printHashes(os.Stdout, seed, count)
	}
	return fmt.Errorf("usage: types table | types hashes SEED N | types rules SEED N")
}
