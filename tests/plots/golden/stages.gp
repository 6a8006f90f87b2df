# Redraws the picture: gnuplot './stages.gp'
set terminal svg size 640,407 dynamic mouse standalone noenhanced font 'sans-serif,12' background 'white'
set output './stages.svg'
data = './stages.dat'
set encoding utf8
set label 1 'Where the time of a fault goes, by the driver''s counters' at screen 0.0187,0.9558 left font ',15'
set label 2 'Faultline reference (model: native), model native, kernel 6.19.0' at screen 0.0187,0.9091 left font ',11' textcolor rgb '#444444'
set label 3 'A: run 12345678, policy xe-7.0' at screen 0.0187,0.8722 left font ',11' textcolor rgb '#444444'
set label 4 'label:b: 2 runs, policy fine-grained' at screen 0.0187,0.8354 left font ',11' textcolor rgb '#444444'
set label 5 'medians of n = 3 to 6 repetitions; all handling of a benchmark / faults served' at screen 0.0187,0.7985 left font ',11' textcolor rgb '#444444'
set label 6 'a bar beside a benchmark''s name alone: A' at screen 0.0187,0.7617 left font ',11' textcolor rgb '#444444'
set grid linecolor rgb '#dddddd' linetype 1
set border 3
set tics nomirror
set key at screen 0.0500,0.2211 left top Left reverse maxcols 1 samplen 2 spacing 1 font ',12'
set lmargin at screen 0.4828
set rmargin at screen 0.9719
set tmargin at screen 0.7174
set bmargin at screen 0.3636
set yrange [5.6:-0.6]
set ytics ('fault/parallelism/read/threads:1' 0, 'label:b' 1, 'fault/parallelism/read/threads:2' 2, 'label:b' 3, 'fault/parallelism/read/threads:4' 4, 'label:b' 5) font ',10'
set grid noytics
set xrange [0:42.42]
set xlabel 'microseconds a fault'
set style fill solid 1 noborder
plot data index 0 using 2:1:2:3:($1-0.35):($1+0.35) with boxxyerror lc rgb '#0072B2' title 'copy to device', \
     data index 0 using 4:1:4:5:($1-0.35):($1+0.35) with boxxyerror lc rgb '#D55E00' title 'migrate, without the copy', \
     data index 0 using 6:1:6:7:($1-0.35):($1+0.35) with boxxyerror lc rgb '#009E73' title 'get pages', \
     data index 0 using 8:1:8:9:($1-0.35):($1+0.35) with boxxyerror lc rgb '#CC79A7' title 'bind', \
     data index 0 using 10:1:10:11:($1-0.35):($1+0.35) with boxxyerror lc rgb '#bbbbbb' title 'rest: locks, lookup, waiting'
unset output
