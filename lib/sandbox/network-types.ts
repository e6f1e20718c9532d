/** A port of the host that leads into a container. */
export interface PublishedPort {
  /** address of the host; empty: all of them */
  address: string;
  hostPort: number;
  /** the container's */
  port: number;
  protocol: 'tcp' | 'udp';
}

/** A program that connects a network namespace with the host's network, with no privileges over the latter. */
export interface NetworkHelper {
  kind: 'pasta' | 'slirp4netns';
  /** absolute */
  path: string;
}

/** A network namespace of the container's own. */
export interface PrivateNetwork {
  kind: 'private';
  /** left out: nothing but the loopback device is in it */
  helper?: NetworkHelper;
  ports: PublishedPort[];
  /** the helper hands lookups to the host's resolver, because that one can only be reached from the host itself */
  forwardDns: boolean;
}

/** The network of another container. */
export interface JoinedNetwork {
  kind: 'joined';
  /** a process in it, as this machine numbers it */
  pid: number;
  /** as that container's */
  forwardDns: boolean;
}

/** What stands in /etc/resolv.conf instead of what the host has. */
export interface DnsOptions {
  servers?: string[];
  search?: string[];
  options?: string[];
}
