#!/usr/bin/perl
# A replicated key-value store with a mistake that many have made: whoever takes a write acknowledges it at once, and
# tells its peers later, once. A peer that does not hear it then never will. Of two copies the higher stamp wins.
#
#     store.pl NAME HOST PORT PEERS [careful]
#
# PEERS is host:port,host:port. Requests and replies are JSON objects, one a line:
#
#     {"op":1,"kind":"put","key":"k1","value":"w1"}  ->  {"op":1,"outcome":"ok","value":null}
#
# A careful store tells its peers until they say that they have heard.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my ($name, $host, $port, $peers, $careful) = @ARGV;
my %later = map { $_ => {} } split /,/, $peers;    # by peer: number => a copy that it has not been told of
my %links;                                         # by peer: our connection to it
my %copies;                                        # by key: [stamp, value]; deleted is undef
my %unread;                                        # by connection: the start of a line
my ($clock, $number, $busy) = (0, 0, 0);

my $door = IO::Socket::INET->new(LocalAddr => $host, LocalPort => $port, Listen => 64, ReuseAddr => 1)
    or die "$name cannot listen at $host:$port: $!\n";
my $all = IO::Select->new($door);
$SIG{PIPE} = "IGNORE";
$| = 1;
print "$name listens at $host:$port\n";

while (1) {
    my @ready = $all->can_read(0.02);
    for my $from (@ready) {
        if ($from == $door) {
            $all->add(scalar $door->accept);
            next;
        }
        $unread{$from} //= "";
        if (!sysread($from, $unread{$from}, 65536, length $unread{$from})) {
            hang_up($from);
            next;
        }
        while ($unread{$from} =~ s/^([^\n]*)\n//) {
            my $reply = hear($1, $from);
            syswrite($from, "$reply\n") if $reply;
        }
    }
    tell_peers() if !@ready || ++$busy % 8 == 0;
}

sub hear {
    my ($line, $from) = @_;
    my ($op, $kind, $key, $value) = map { field($line, $_) } qw(op kind key value);
    if (!$kind) {    # a peer has heard of a copy
        delete $later{$_}{$op} for grep { $links{$_} && $links{$_} == $from } keys %links;
        return;
    }
    return qq({"op":$op,"outcome":"ok","value":) . shown($copies{$key}[1]) . "}" if $kind eq "get";
    if ($kind eq "copy") {
        take($key, field($line, "stamp"), $value);
    } else {
        my $stamp = sprintf "%012d %s", $clock + 1, $name;
        take($key, $stamp, $value);
        $number++;
        my $copy = qq({"op":$number,"kind":"copy","key":"$key","stamp":"$stamp","value":) . shown($value) . "}\n";
        $later{$_}{$number} = $copy for keys %later;
    }
    return qq({"op":$op,"outcome":"ok","value":null});
}

sub take {
    my ($key, $stamp, $value) = @_;
    $clock = int $stamp if int $stamp > $clock;
    $copies{$key} = [$stamp, $value] if $stamp gt ($copies{$key}[0] // "");
}

sub tell_peers {
    for my $peer (keys %later) {
        my @numbers = sort { $a <=> $b } keys %{$later{$peer}} or next;
        my $link = $links{$peer} //= IO::Socket::INET->new(PeerAddr => $peer, Timeout => 0.1);
        if ($link) {
            $all->add($link);
            syswrite($link, $later{$peer}{$_}) for @numbers;
        }
        $later{$peer} = {} if !$careful;    # the mistake
    }
}

sub hang_up {
    my ($from) = @_;
    delete $links{$_} for grep { $links{$_} && $links{$_} == $from } keys %links;
    delete $unread{$from};
    $all->remove($from);
    close $from;
}

sub field {    # a text or a number; undef for null
    my ($line, $field) = @_;
    return $1 if $line =~ /"$field":"((?:[^"\\]|\\.)*)"/;
    return $line =~ /"$field":(-?\d+)/ ? $1 : undef;
}

sub shown { defined $_[0] ? qq("$_[0]") : "null" }
