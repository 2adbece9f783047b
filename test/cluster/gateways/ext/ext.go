// Package ext adds nothing to Traefik's routers: they embed these types.
package ext

type HTTP struct{}

type Router struct{}
