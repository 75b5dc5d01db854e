#!/usr/bin/perl
# The client of the naive store: passes each request on to the node that it names, and the reply back.
use strict;
use warnings;
use IO::Socket::INET;

$| = 1;
my %nodes;
while (my $line = <STDIN>) {
    my ($op) = $line =~ /"op":(\d+)/;
    my ($host) = $line =~ /"host":"([^"]*)"/;
    my ($port) = $line =~ /"port":(\d+)/;
    my $node = $nodes{"$host:$port"} //= IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 0.5);
    if (!$node) {
        print qq({"op":$op,"outcome":"failed","error":"no connection"}\n);    # nothing was sent: it cannot happen
    } elsif (!syswrite($node, $line) || !defined(my $reply = <$node>)) {
        delete $nodes{"$host:$port"};
        print qq({"op":$op,"outcome":"unknown","error":"the connection broke"}\n);    # it may have happened
    } else {
        print $reply;
    }
}
