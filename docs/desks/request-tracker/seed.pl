# What Tenure needs in Request Tracker 5: a queue, its custom fields, a service user with a token, and a scrip that rings.
#
#     TENURE_RT_TOKEN_FILE=/root/tenure.token rt-setup-database-5 --action insert --datafile seed.pl
#
# TENURE_RT_QUEUE names another queue than `Tenure`. The token is written to the file, once, and shown nowhere else.
use strict;
use warnings;
use utf8;

my $queue = $ENV{TENURE_RT_QUEUE} || 'Tenure';
my $user  = 'tenure';

our @Queues = ({ Name => $queue, Description => 'What service contracts ask of people' });

our @Users = ({
    Name         => $user,
    RealName     => 'Tenure',
    EmailAddress => 'tenure@tenure.invalid',
    Comments     => 'Opens, moves and closes cases over REST2',
    Privileged   => 1,
});

# The case is Tenure's own number: two tickets can't hold the same one.
our @CustomFields = (
    map({ { %$_, Queue => [$queue], LookupType => 'RT::Queue-RT::Ticket', MaxValues => 1 } } (
        { Name => 'Tenure case', Type => 'FreeformSingle', UniqueValues => 1, Description => 'Do not change' },
        { Name => 'Contract',    Type => 'FreeformSingle', Description => 'Do not change' },
        { Name => 'Serial',      Type => 'FreeformSingle', Description => 'The device that it is about' },
        { Name => 'Stage',       Type => 'FreeformSingle', Description => 'The next stage is in the description' },
        {
            Name        => 'Result',
            Type        => 'Combobox',
            Description => 'Say it before you resolve the ticket, where the description asks for it',
            Values      => [
                map { { Name => $_, SortOrder => 1 } }
                    qw(done passed failed upheld declined shipped cancelled dismissed true_up level_change)
            ],
        },
    )),
);

our @Scrips = ({
    Queue                  => $queue,
    Description            => 'Tenure hears that something happened',
    ScripCondition         => 'User Defined',
    ScripAction            => 'User Defined',
    Template               => 'Blank',
    Stage                  => 'TransactionBatch',
    CustomIsApplicableCode => q{
        return 0 unless RT->Config->Get('TenureWebhookURL') && RT->Config->Get('TenureWebhookSecret');
        return $self->TransactionObj->CreatorObj->Name ne 'tenure';
    },
    CustomPrepareCode      => 'return 1;',
    CustomCommitCode       => q{
        require Digest::SHA;
        require JSON;
        require LWP::UserAgent;
        require MIME::Base64;
        my $secret = RT->Config->Get('TenureWebhookSecret');
        $secret =~ s/^whsec_//;
        my $id   = 'rt-' . $self->TransactionObj->id;
        my $at   = time;
        my $body = JSON::encode_json({
            desk        => 'rt',
            ticket      => $self->TicketObj->id + 0,
            transaction => $self->TransactionObj->id + 0,
        });
        my $signed = Digest::SHA::hmac_sha256("$id.$at.$body", MIME::Base64::decode_base64($secret));
        my $answer = LWP::UserAgent->new(timeout => 3)->post(
            RT->Config->Get('TenureWebhookURL'),
            'Content-Type'      => 'application/json',
            'webhook-id'        => $id,
            'webhook-timestamp' => $at,
            'webhook-signature' => 'v1,' . MIME::Base64::encode_base64($signed, ''),
            Content             => $body,
        );
        # Tenure looks by itself too: a ring that is not heard only takes longer.
        RT->Logger->warning('Tenure did not hear: ' . $answer->status_line) unless $answer->is_success;
        return 1;
    },
});

our @Final = (
    sub {
        my $service = RT::User->new(RT->SystemUser);
        $service->Load($user);
        my $object = RT::Queue->new(RT->SystemUser);
        $object->Load($queue);
        $service->PrincipalObj->GrantRight(Right => $_, Object => $object) for qw(
            SeeQueue CreateTicket ShowTicket ShowTicketComments ModifyTicket CommentOnTicket ReplyToTicket
            SeeCustomField ModifyCustomField SetInitialCustomField
        );
        # A unique value is seen by those only who may see the field everywhere.
        $service->PrincipalObj->GrantRight(Right => 'SeeCustomField', Object => RT->System);
        my $token = RT::AuthToken->new(RT->SystemUser);
        my ($ok, $message, $secret) = $token->Create(Owner => $service->id, Description => 'Tenure');
        die "No token: $message" unless $ok;
        my $file = $ENV{TENURE_RT_TOKEN_FILE} or die "TENURE_RT_TOKEN_FILE says where the token goes\n";
        umask 0077;
        open my $out, '>', $file or die "$file: $!";
        print $out $secret;
        close $out or die "$file: $!";
    },
);

1;
