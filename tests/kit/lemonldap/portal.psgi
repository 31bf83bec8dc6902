# LemonLDAP::NG's portal for a story; who sits before it is said by a file that the story writes.
use strict;
use warnings;

# The portal starts only with a module that draws letters to be typed; here nobody types any.
package StoryCaptcha {
    use Mouse;
    extends 'Lemonldap::NG::Portal::Main::Plugin';
    sub init { return 1 }
    $INC{'StoryCaptcha.pm'} = __FILE__;
}

package main;
use JSON;
use Lemonldap::NG::Portal::Main;

my $portal = Lemonldap::NG::Portal::Main->run({});

sub {
    my $env = shift;
    open my $file, '<', "$ENV{STORY_FOLDER}/person.json" or die $!;
    my $person = decode_json(join '', <$file>);
    $env->{"HTTP_X_$_"} = $person->{$_} for keys %$person;
    return $portal->($env);
}
