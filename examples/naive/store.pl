#!/usr/bin/perl
# A replicated key-value store with a mistake that many have made: whoever takes a write acknowledges it at once, and
# tells its peers later, once. A peer that cannot be reached then never hears of it, and whatever comes last wins.
#
#     store.pl NAME HOST PORT PEERS [--careful]
#
# PEERS is host:port,host:port. Requests and replies are JSON objects, one a line:
#
#     {"op":1,"kind":"put","key":"k1","value":"w1"}  ->  {"op":1,"outcome":"ok","value":null}
#
# With --careful a write is kept for each peer until it has taken it, and carries a stamp: the latest wins everywhere.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my ($name, $host, $port, $peers, $careful) = @ARGV;
my @peers = split /,/, $peers;
my %copies;                               # key => [stamp, value]; the value of a deleted key is undef
my %later = map { $_ => [] } @peers;      # what each peer has not been told
my %links;                                # connections to peers
my $clock = 0;
my $spoken = 0;                           # when peers were told last

my $door = IO::Socket::INET->new(LocalAddr => $host, LocalPort => $port, Listen => 64, ReuseAddr => 1)
    or die "$name cannot listen at $host:$port: $!\n";
my $all = IO::Select->new($door);
my %unread;
$SIG{PIPE} = "IGNORE";
$| = 1;
print "$name listens at $host:$port\n";

while (1) {
    for my $from ($all->can_read(0.02)) {
        if ($from == $door) {
            $all->add(scalar $door->accept);
        } elsif (!sysread($from, $unread{$from}, 65536, length($unread{$from} // ""))) {
            $all->remove($from);
            delete $unread{$from};
            close $from;
        } else {
            while ($unread{$from} =~ s/^([^\n]*)\n//) {
                my $reply = answer($1);
                syswrite($from, "$reply\n");
            }
        }
    }
    tell_peers() if time_s() - $spoken > 0.05;
}

sub answer {
    my ($line) = @_;
    my $op = field($line, "op");
    my ($kind, $key, $value) = map { field($line, $_) } qw(kind key value);
    return qq({"op":$op,"outcome":"ok","value":) . shown($copies{$key}[1]) . "}" if $kind eq "get";
    if ($kind eq "copy") {
        take($key, field($line, "stamp"), $value);
    } else {
        my $stamp = stamp();
        take($key, $stamp, $kind eq "put" ? $value : undef);
        my $told = qq({"op":0,"kind":"copy","key":"$key","stamp":"$stamp","value":) . shown($copies{$key}[1]) . "}";
        push @{$later{$_}}, $told for @peers;
    }
    return qq({"op":$op,"outcome":"ok","value":null});
}

sub take {
    my ($key, $stamp, $value) = @_;
    $copies{$key} = [$stamp, $value] if !$careful || $stamp gt ($copies{$key}[0] // "");
}

sub tell_peers {
    $spoken = time_s();
    for my $peer (@peers) {
        my @told = @{$later{$peer}} or next;
        my $heard = deliver($peer, @told);
        # The mistake: what a peer has not taken is forgotten.
        splice @{$later{$peer}}, 0, $careful ? $heard : scalar @told;
    }
}

sub deliver {    # to one peer; how many copies it has taken
    my ($peer, @told) = @_;
    $links{$peer} //= IO::Socket::INET->new(PeerAddr => $peer, Timeout => 0.1) or return 0;
    my $heard = 0;
    for my $copy (@told) {
        my $sent = syswrite($links{$peer}, "$copy\n");
        last unless $sent && IO::Select->new($links{$peer})->can_read(0.1);
        last unless sysread($links{$peer}, my $reply, 65536);
        $heard++;
    }
    delete $links{$peer} if $heard < @told;    # a late reply must not be taken for the next one
    return $heard;
}

sub stamp {    # of the wall clock, in nanoseconds and by name, and later than any before
    $clock = time_s() > $clock ? time_s() : $clock + 1e-6;
    return sprintf "%020.6f %s", $clock, $name;
}

sub time_s {
    require Time::HiRes;
    return Time::HiRes::time();
}

sub field {    # a text or a number; undef for null
    my ($line, $field) = @_;
    return $1 if $line =~ /"$field":"((?:[^"\\]|\\.)*)"/;
    return $line =~ /"$field":(-?\d+)/ ? $1 : undef;
}

sub shown { defined $_[0] ? qq("$_[0]") : "null" }
